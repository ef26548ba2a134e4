// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // for RS256
	_ "crypto/sha512" // for RS384 and RS512
	"fmt"
)

// SignatureVerifier checks a signature over the bytes that a token signs.
// The algorithm has been checked against the key before it is called.
type SignatureVerifier interface {
	VerifySignature(key *Key, algorithm string, signed, signature []byte) error
}

// hashes lists the algorithms of RFC 7518, section 3.3, which are all that
// Clerk's SDK allows.
var hashes = map[string]crypto.Hash{
	"RS256": crypto.SHA256,
	"RS384": crypto.SHA384,
	"RS512": crypto.SHA512,
}

// rsaSignatures is the default SignatureVerifier, on crypto/rsa.
type rsaSignatures struct{}

func (rsaSignatures) VerifySignature(key *Key, algorithm string, signed, signature []byte) error {
	hash, ok := hashes[algorithm]
	if !ok {
		return fmt.Errorf("expected one of RS256, RS384, RS512, got %s", quote(algorithm))
	}
	digest := hash.New()
	digest.Write(signed)
	return rsa.VerifyPKCS1v15(key.Public, hash, digest.Sum(nil), signature)
}
