// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
)

// Identifiers of the keys that tokens name.
const (
	instanceKey = "ins_conformance"
	// openKey is the same key, published without saying for which algorithm.
	openKey    = "ins_conformance_open"
	unknownKey = "ins_unknown"
)

// signer makes tokens. Both sides get its public key.
type signer struct {
	instance, stranger *rsa.PrivateKey
	// made holds tokens by their content: most recur, and signing is slow.
	made map[string]string
}

func newSigner() (*signer, error) {
	instance, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return &signer{instance: instance, stranger: stranger, made: map[string]string{}}, nil
}

// jwks gives the public key as a JSON Web Key Set.
func (s *signer) jwks() []byte {
	modulus := base64.RawURLEncoding.EncodeToString(s.instance.N.Bytes())
	exponent := base64.RawURLEncoding.EncodeToString(big.NewInt(int64(s.instance.E)).Bytes())
	key := func(id string) map[string]string {
		return map[string]string{"kty": "RSA", "use": "sig", "kid": id, "n": modulus, "e": exponent}
	}
	named := key(instanceKey)
	named["alg"] = "RS256"
	return mustJSON(map[string]any{"keys": []any{named, key(openKey)}})
}

// pem gives the public key as the dashboard shows it.
func (s *signer) pem() string {
	der, err := x509.MarshalPKIXPublicKey(&s.instance.PublicKey)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// sign gives the compact form of a token with the instance's signature, or a
// stranger's.
func (s *signer) sign(header, payload []byte, algorithm string, byStranger bool) string {
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	id := signed + algorithm
	key := s.instance
	if byStranger {
		id, key = id+"!", s.stranger
	}
	if token, ok := s.made[id]; ok {
		return token
	}
	hash, digest := digestOf(algorithm, signed)
	signature, err := rsa.SignPKCS1v15(nil, key, hash, digest)
	if err != nil {
		panic(err)
	}
	token := signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	s.made[id] = token
	return token
}

// digestOf hashes as the algorithm says, and as RS256 when it is none that
// Clerk uses.
func digestOf(algorithm, text string) (crypto.Hash, []byte) {
	switch algorithm {
	case "RS384":
		sum := sha512.Sum384([]byte(text))
		return crypto.SHA384, sum[:]
	case "RS512":
		sum := sha512.Sum512([]byte(text))
		return crypto.SHA512, sum[:]
	default:
		sum := sha256.Sum256([]byte(text))
		return crypto.SHA256, sum[:]
	}
}

func mustJSON(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}
