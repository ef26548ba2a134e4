// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// Limits of what is taken as a key set: whoever answers for the JWKS URL
// cannot make a verifier hold or compute more than this.
const (
	// MaxJWKSSize is the size in bytes of the largest key set that is read.
	MaxJWKSSize = 256 << 10
	maxKeys     = 64
	minKeyBits  = 2048
	maxKeyBits  = 8192
	maxKeyID    = 256
)

// Key is a public key that verifies tokens.
type Key struct {
	// ID is the "kid" that tokens name it by. Clerk uses the instance's id.
	ID string
	// Algorithm is the only "alg" the key may be used with; empty for any.
	Algorithm string
	Public    *rsa.PublicKey
}

// KeySource finds the key for a token. It must be safe for concurrent use.
//
// For a key ID it does not know it returns an error with the reason
// jwk-kid-mismatch; when it cannot say because the keys could not be had, one
// made by KeysUnavailable.
type KeySource interface {
	Key(ctx context.Context, id string) (*Key, error)
}

// ReplacingKeySource is a KeySource whose keys can be replaced under an ID
// that stays. Clerk's key ID is the instance's, which may outlive a rotation.
type ReplacingKeySource interface {
	KeySource
	// Replacement gives the key that has taken the place of one which a
	// signature did not match, nil if none has. Anybody can send signatures that
	// match nothing, so it must bound what it does about it.
	Replacement(ctx context.Context, key *Key) *Key
}

// StaticKeys is a KeySource that never changes.
type StaticKeys struct {
	// only is the key for tokens of every key ID, if there is one.
	only *Key
	// all are the keys by their IDs: a handful, so that to go through them is
	// less work than to look one up in a map.
	all []*Key
}

// Key implements KeySource.
func (s *StaticKeys) Key(_ context.Context, id string) (*Key, error) {
	if s.only != nil {
		return s.only, nil
	}
	for _, key := range s.all {
		if key.ID == id {
			return key, nil
		}
	}
	return nil, kidMismatch(id)
}

// put adds a key. Of several with one ID the last counts.
func (s *StaticKeys) put(key *Key) {
	for i, known := range s.all {
		if known.ID == key.ID {
			s.all[i] = key
			return
		}
	}
	s.all = append(s.all, key)
}

// ids lists the IDs of the keys.
func (s *StaticKeys) ids() []string {
	ids := make([]string, 0, len(s.all))
	for _, key := range s.all {
		ids = append(ids, key.ID)
	}
	return ids
}

// keep takes over the keys of an older set that are the same, so that what was
// verified with them still is.
func (s *StaticKeys) keep(older *StaticKeys) {
	for i, key := range s.all {
		for _, old := range older.all {
			if old.ID == key.ID && old.Algorithm == key.Algorithm && old.Public.Equal(key.Public) {
				s.all[i] = old
			}
		}
	}
}

func kidMismatch(id string) *Error {
	return &Error{
		Reason:  ReasonJWKKidMismatch,
		Message: "no key of this instance has the id " + quote(id) + " that the token names",
		Remedy:  "check that the publishable key, the secret key and the front end belong to the same Clerk instance",
	}
}

// ParsePEM reads the instance's public key, as the Clerk Dashboard shows it
// under "JWT public key": PEM with or without its header and footer lines, on
// one line or several, line breaks possibly written as \n. The key serves
// tokens of every key ID.
func ParsePEM(text string) (*StaticKeys, error) {
	parsed, err := jwk.ParseKey(normalizePEM(text), jwk.WithPEM(true))
	if err != nil {
		return nil, errors.New("expected the public key of the instance in PEM, which begins with -----BEGIN PUBLIC KEY-----")
	}
	key, err := importRSA(parsed)
	if err != nil {
		return nil, err
	}
	key.Algorithm = jwa.RS256.String()
	return &StaticKeys{only: key}, nil
}

const pemType = "PUBLIC KEY"

// normalizePEM rebuilds the PEM block from whatever survived the journey
// through an environment variable or a one-line setting.
func normalizePEM(text string) []byte {
	text = strings.ReplaceAll(text, `\n`, "\n")
	text = strings.TrimSpace(text)
	label := pemType
	if rest, ok := strings.CutPrefix(text, "-----BEGIN "); ok {
		label, text, _ = strings.Cut(rest, "-----")
		text, _, _ = strings.Cut(text, "-----END ")
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}

// ParseJWKS reads a key set (RFC 7517). Keys that cannot verify a session
// token, being of another type or use or too small, are left out; a set in
// which none is left is an error.
func ParseJWKS(data []byte) (*StaticKeys, error) {
	if len(data) > MaxJWKSSize {
		return nil, fmt.Errorf("a key set has at most %d bytes, this one has %d", MaxJWKSSize, len(data))
	}
	set, err := jwk.Parse(data, jwk.WithIgnoreParseError(true))
	if err != nil {
		return nil, errors.New("expected a JSON Web Key Set")
	}
	if set.Len() > maxKeys {
		return nil, fmt.Errorf("a key set has at most %d keys, this one has %d", maxKeys, set.Len())
	}
	keys := new(StaticKeys)
	for i := range set.Len() {
		parsed, _ := set.Key(i)
		key, err := importRSA(parsed)
		if err != nil || key.ID == "" || len(key.ID) > maxKeyID {
			continue
		}
		keys.put(key)
	}
	if len(keys.all) == 0 {
		return nil, errors.New("the key set contains no RSA signing key of 2048 bits or more")
	}
	return keys, nil
}

func importRSA(parsed jwk.Key) (*Key, error) {
	if use := parsed.KeyUsage(); use != "" && use != jwk.ForSignature.String() {
		return nil, fmt.Errorf("expected a key for signatures, got one for %q", use)
	}
	if _, private := parsed.(jwk.RSAPrivateKey); private {
		return nil, errors.New("expected an RSA public key, got a private one; keep that where it belongs")
	}
	public, ok := parsed.(jwk.RSAPublicKey)
	if !ok {
		return nil, fmt.Errorf("expected an RSA public key, got one of the type %s", parsed.KeyType())
	}
	var raw rsa.PublicKey
	if err := parsed.Raw(&raw); err != nil {
		return nil, fmt.Errorf("importing the RSA public key: %w", err)
	}
	if bits := raw.N.BitLen(); bits < minKeyBits || bits > maxKeyBits {
		return nil, fmt.Errorf("expected an RSA key of %d to %d bits, got %d", minKeyBits, maxKeyBits, bits)
	}
	// Read from the bytes: jwx would wrap around an exponent that is too large.
	if e := new(big.Int).SetBytes(public.E()); e.BitLen() < 2 || e.BitLen() > 31 || e.Bit(0) == 0 {
		return nil, errors.New("expected an RSA key with an odd exponent between 3 and 2^31")
	}
	algorithm := ""
	if alg := parsed.Algorithm(); alg != nil {
		algorithm = alg.String()
	}
	return &Key{ID: parsed.KeyID(), Algorithm: algorithm, Public: &raw}, nil
}
