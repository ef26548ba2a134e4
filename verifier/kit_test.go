// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// The keys of all tests, made once: the instance's, and one of an attacker's.
var (
	instanceKey = newKey(2048)
	attackerKey = newKey(2048)
)

const (
	kid    = "ins_1"
	origin = "https://app.example.com"
	issuer = "https://clerk.example.com"
)

// noon is what time it is in all tests.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// demands are what most tests require of a token.
var demands = verifier.Requirements{
	AuthorizedParties: []string{origin},
	Issuers:           []string{issuer},
	ClockSkew:         verifier.DefaultClockSkew,
}

func newKey(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// members is a JSON object in the making.
type members map[string]any

// absent, as a value, takes a member away.
var absent = new(int)

// with gives a copy of m with some members replaced.
func (m members) with(changes members) members {
	m = maps.Clone(m)
	for name, value := range changes {
		if value == absent {
			delete(m, name)
			continue
		}
		m[name] = value
	}
	return m
}

// header is that of a session token.
func header(changes members) members {
	return members{"alg": "RS256", "typ": "JWT", "kid": kid, "cat": "cl_B7d4PD111AAA"}.with(changes)
}

// session is the payload of a session token that is good at noon.
func session(changes members) members {
	return members{
		"sub": "user_1", "sid": "sess_1", "iss": issuer, "azp": origin,
		"iat": noon.Unix() - 10, "nbf": noon.Unix() - 20, "exp": noon.Unix() + 50,
	}.with(changes)
}

func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func encode[T string | []byte](part T) string {
	return base64.RawURLEncoding.EncodeToString([]byte(part))
}

var digests = map[string]crypto.Hash{"RS256": crypto.SHA256, "RS384": crypto.SHA384, "RS512": crypto.SHA512}

// rsaSign makes a PKCS #1 v1.5 signature.
func rsaSign(key *rsa.PrivateKey, alg, signed string) []byte {
	var sum []byte
	switch alg {
	case "RS384":
		d := sha512.Sum384([]byte(signed))
		sum = d[:]
	case "RS512":
		d := sha512.Sum512([]byte(signed))
		sum = d[:]
	default:
		d := sha256.Sum256([]byte(signed))
		alg, sum = "RS256", d[:]
	}
	signature, err := rsa.SignPKCS1v15(nil, key, digests[alg], sum)
	if err != nil {
		panic(err)
	}
	return signature
}

// signText signs two JSON texts as they are, which need not be JSON.
func signText(header, payload string) string {
	signed := encode(header) + "." + encode(payload)
	return signed + "." + encode(rsaSign(instanceKey, "RS256", signed))
}

func sign(header, payload members) string { return signText(toJSON(header), toJSON(payload)) }

// good is a token that demands accepts.
func good() string { return sign(header(nil), session(nil)) }

// keys is the instance's key set, as Clerk publishes it.
func keys() *verifier.StaticKeys { return must(verifier.ParseJWKS(jwks(jwkOf(instanceKey, nil)))) }

func jwks(keys ...members) []byte {
	if keys == nil {
		keys = []members{}
	}
	return []byte(toJSON(members{"keys": keys}))
}

func jwkOf(key *rsa.PrivateKey, changes members) members {
	return members{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
		"n": encode(key.N.Bytes()), "e": "AQAB",
	}.with(changes)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// atNoon makes a Verifier of the instance's.
func atNoon(source verifier.KeySource) *verifier.Verifier {
	return must(verifier.New(verifier.Options{Keys: source, Now: func() time.Time { return noon }}))
}

func verify(token string) (*verifier.Claims, error) {
	return atNoon(keys()).Verify(context.Background(), token, demands)
}

func wantReason(t *testing.T, err error, want verifier.Reason) {
	t.Helper()
	if err == nil {
		t.Fatalf("expected a refusal with the reason %s, got none", want)
	}
	if got := verifier.ReasonOf(err); got != want {
		t.Fatalf("expected the reason %s, got %s: %v", want, got, err)
	}
}

// refused expects the instance's verifier to refuse a token for a reason.
func refused(t *testing.T, token string, want verifier.Reason) {
	t.Helper()
	claims, err := verify(token)
	if claims != nil {
		t.Errorf("a refused token came with claims: %+v", claims)
	}
	wantReason(t, err, want)
}

func accepted(t *testing.T, token string) *verifier.Claims {
	t.Helper()
	claims, err := verify(token)
	if err != nil {
		t.Fatalf("expected the token to be accepted, got %v", err)
	}
	return claims
}

// claimsOf gives what a token with these changes to its payload says.
func claimsOf(t *testing.T, changes members) *verifier.Claims {
	t.Helper()
	return accepted(t, sign(header(nil), session(changes)))
}
