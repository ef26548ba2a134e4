// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
)

// SignatureVerifier checks a signature over the bytes that a token signs.
// The algorithm has been checked against the key before it is called.
type SignatureVerifier interface {
	VerifySignature(key *Key, algorithm string, signed, signature []byte) error
}

// algorithms lists those of RFC 7518, section 3.3, which are all that Clerk's
// SDK allows.
var algorithms = map[string]struct {
	hash   crypto.Hash
	digest func(signed []byte) []byte
}{
	"RS256": {crypto.SHA256, func(signed []byte) []byte { d := sha256.Sum256(signed); return d[:] }},
	"RS384": {crypto.SHA384, func(signed []byte) []byte { d := sha512.Sum384(signed); return d[:] }},
	"RS512": {crypto.SHA512, func(signed []byte) []byte { d := sha512.Sum512(signed); return d[:] }},
}

// rsaSignatures is the default SignatureVerifier, on crypto/rsa.
type rsaSignatures struct{}

func (rsaSignatures) VerifySignature(key *Key, algorithm string, signed, signature []byte) error {
	a, ok := algorithms[algorithm]
	if !ok {
		return fmt.Errorf("expected one of RS256, RS384, RS512, got %s", quote(algorithm))
	}
	return rsa.VerifyPKCS1v15(key.Public, a.hash, a.digest(signed), signature)
}
