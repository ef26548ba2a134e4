// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// InspectedKey is a key of a key set, be it of use or not.
type InspectedKey struct {
	// ID is the "kid", bounded and fit for a terminal.
	ID string
	// Bits is the size of the modulus, zero for what is no RSA key.
	Bits int
	// Unusable says why it verifies no tokens, nil when it does.
	Unusable error
	// Public is nil for what is no RSA key.
	Public *rsa.PublicKey
}

// InspectJWKS says of every key in a key set (RFC 7517) whether ParseJWKS would
// use it, and why not.
func InspectJWKS(data []byte) ([]InspectedKey, error) {
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
	keys := make([]InspectedKey, 0, set.Len())
	for i := range set.Len() {
		parsed, _ := set.Key(i)
		keys = append(keys, inspect(parsed))
	}
	return keys, nil
}

func inspect(parsed jwk.Key) InspectedKey {
	inspected := InspectedKey{ID: printableText(parsed.KeyID(), quoteLimit)}
	var raw rsa.PublicKey
	if _, ok := parsed.(jwk.RSAPublicKey); ok && parsed.Raw(&raw) == nil {
		inspected.Public, inspected.Bits = &raw, raw.N.BitLen()
	}
	_, inspected.Unusable = importRSA(parsed)
	if inspected.Unusable == nil && (parsed.KeyID() == "" || len(parsed.KeyID()) > maxKeyID) {
		inspected.Unusable = fmt.Errorf("expected a kid of 1 to %d bytes", maxKeyID)
	}
	return inspected
}

// Public gives the key that serves tokens of every key ID, nil if there is none.
func (s *StaticKeys) Public() *rsa.PublicKey {
	if s.only == nil {
		return nil
	}
	return s.only.Public
}
