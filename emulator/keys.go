// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

const keyBits = 2048

// signingKey is the instance's key pair with its published forms.
type signingKey struct {
	private   *rsa.PrivateKey
	id        string
	publicPEM string
	keySet    []byte
}

// newSigningKey makes a key pair if it is given none.
func newSigningKey(private *rsa.PrivateKey) (*signingKey, error) {
	if private == nil {
		var err error
		if private, err = rsa.GenerateKey(rand.Reader, keyBits); err != nil {
			return nil, err
		}
	}
	k := &signingKey{private: private, id: newID("ins_")}
	spki, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	k.publicPEM = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
	k.keySet, err = publicKeySet(&private.PublicKey, k.id)
	return k, err
}

func publicKeySet(public *rsa.PublicKey, id string) ([]byte, error) {
	key, err := jwk.FromRaw(public)
	if err != nil {
		return nil, fmt.Errorf("making a JSON web key: %w", err)
	}
	for name, value := range map[string]string{jwk.KeyIDKey: id, jwk.AlgorithmKey: "RS256", jwk.KeyUsageKey: "sig"} {
		if err := key.Set(name, value); err != nil {
			return nil, fmt.Errorf("setting %s of the JSON web key: %w", name, err)
		}
	}
	set := jwk.NewSet()
	if err := set.AddKey(key); err != nil {
		return nil, fmt.Errorf("making a JSON web key set: %w", err)
	}
	return json.Marshal(set)
}

// Sign makes a compact RS256 token of any header and claims with the instance's
// key. The header parameters alg, kid and typ are set only where the header does
// not hold them, so that a test can sign tokens that no Clerk would.
func (e *Emulator) Sign(header, claims map[string]any) (string, error) {
	full := map[string]any{"alg": "RS256", "kid": e.key.id, "typ": "JWT"}
	maps.Copy(full, header)
	head, err := encodeSegment(full)
	if err != nil {
		return "", fmt.Errorf("encoding the header: %w", err)
	}
	body, err := encodeSegment(claims)
	if err != nil {
		return "", fmt.Errorf("encoding the claims: %w", err)
	}
	digest := sha256.Sum256([]byte(head + "." + body))
	signature, err := rsa.SignPKCS1v15(nil, e.key.private, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return head + "." + body + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// payloadOf gives what a token says that the instance signed, however old it is.
func (e *Emulator) payloadOf(token string) ([]byte, error) {
	payload, err := jws.Verify([]byte(token), jws.WithCompact(), jws.WithKey(jwa.RS256, &e.key.private.PublicKey))
	if err != nil {
		return nil, errors.New("expected a token that this instance signed, got another")
	}
	return payload, nil
}

// encodeSegment leaves <, > and & as they are: their JSON escapes are six bytes
// long, and the token travels in cookies of limited size.
func encodeSegment(value map[string]any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))), nil
}

// newID makes an identifier in Clerk's manner, with 128 random bits or more.
func newID(prefix string) string { return prefix + rand.Text() }
