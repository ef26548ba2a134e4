// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// noon is what time it is in all tests.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// reader makes claims of payloads, whoever signed them.
var reader = must(verifier.New(verifier.Options{
	Keys:       instanceKeys(),
	Signatures: anySignature{},
	Now:        func() time.Time { return noon },
}))

type anySignature struct{}

func (anySignature) VerifySignature(*verifier.Key, string, []byte, []byte) error { return nil }

func instanceKeys() *verifier.StaticKeys {
	key := must(rsa.GenerateKey(rand.Reader, 2048))
	return must(verifier.ParseJWKS(fmt.Appendf(nil, `{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"ins_1","n":%q,"e":"AQAB"}]}`,
		encode(key.N.Bytes()))))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func encode[T string | []byte](part T) string {
	return base64.RawURLEncoding.EncodeToString([]byte(part))
}

// tokenOf makes a token of user_1's whose payload has these members as well,
// which are JSON without braces.
func tokenOf(members string) string {
	payload := fmt.Sprintf(`{"sub":"user_1","sid":"sess_1","exp":%d`, noon.Unix()+50)
	if members != "" {
		payload += "," + members
	}
	return encode(`{"alg":"RS256","typ":"JWT","kid":"ins_1"}`) + "." + encode(payload+"}") + ".AA"
}

func claimsOf(t testing.TB, members string) *verifier.Claims {
	t.Helper()
	claims, err := reader.Verify(t.Context(), tokenOf(members), verifier.Requirements{})
	if err != nil {
		t.Fatalf("expected claims of %s, got %v", members, err)
	}
	return claims
}

func requirement(t testing.TB, kind string, values ...string) access.Requirement {
	t.Helper()
	r, err := access.NewRequirement(kind, values)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func preset(name string) *access.Reverification { return must(access.ParseReverification(name)) }
