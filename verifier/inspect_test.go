// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func TestAnInspectionSaysWhyAKeyIsOfNoUse(t *testing.T) {
	weak := newKey(1024)
	keys, err := verifier.InspectJWKS(jwks(
		jwkOf(instanceKey, nil),
		jwkOf(weak, members{"kid": "weak"}),
		jwkOf(instanceKey, members{"kid": absent}),
		jwkOf(instanceKey, members{"kid": nasty, "use": "enc"}),
		members{"kty": "oct", "kid": "oct", "k": "c2VjcmV0"},
	))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, key := range keys {
		fmt.Fprintf(&got, "%s %d %v\n", key.ID, key.Bits, key.Unusable)
	}
	want := `ins_1 2048 <nil>
weak 1024 expected an RSA key of 2048 to 8192 bits, got 1024
 2048 expected a kid of 1 to 256 bytes
x\r\nlevel=info msg="signed in"\x1b[2J\u202e\u2028\x00\x7f 2048 expected a key for signatures, got one for "enc"
oct 0 expected an RSA public key, got one of the type oct
`
	if got.String() != want {
		t.Errorf("expected\n%sgot\n%s", want, got.String())
	}
	if _, err := verifier.ParseJWKS(jwks(jwkOf(instanceKey, nil))); err != nil || keys[0].Public == nil || !keys[0].Public.Equal(&instanceKey.PublicKey) {
		t.Errorf("expected the instance's key to be of use, got %v", err)
	}
}

func TestAnInspectionIsBounded(t *testing.T) {
	for name, data := range map[string][]byte{
		"HTML":          []byte("<html>"),
		"too large":     make([]byte, verifier.MaxJWKSSize+1),
		"too many keys": jwks(manyKeys(65)...),
	} {
		t.Run(name, func(t *testing.T) {
			if keys, err := verifier.InspectJWKS(data); err == nil || keys != nil {
				t.Errorf("expected an error, got %d keys", len(keys))
			}
		})
	}
}

func manyKeys(n int) []members {
	keys := make([]members, n)
	for i := range keys {
		keys[i] = jwkOf(instanceKey, members{"kid": fmt.Sprint("ins_", i)})
	}
	return keys
}
