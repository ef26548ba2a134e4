// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func TestAKeySetFindsKeysByTheirID(t *testing.T) {
	source := must(verifier.ParseJWKS(jwks(jwkOf(instanceKey, nil), jwkOf(attackerKey, members{"kid": "ins_2"}))))
	first, err := source.Key(context.Background(), kid)
	if err != nil || !first.Public.Equal(&instanceKey.PublicKey) || first.ID != kid || first.Algorithm != "RS256" {
		t.Errorf("expected the instance's key for RS256, got %+v, %v", first, err)
	}
	second, err := source.Key(context.Background(), "ins_2")
	if err != nil || !second.Public.Equal(&attackerKey.PublicKey) {
		t.Errorf("expected the other key, got %+v, %v", second, err)
	}
	for _, id := range []string{"", "INS_1", "ins_1 ", "ins_3", "__proto__", strings.Repeat("k", 10_000)} {
		_, err := source.Key(context.Background(), id)
		wantReason(t, err, verifier.ReasonJWKKidMismatch)
		if len(err.Error()) > 1024 {
			t.Errorf("the error has %d bytes", len(err.Error()))
		}
	}
}

// Each of these stands in a set with the instance's key. None may be usable,
// and none may cost the good key its place.
func TestKeysThatCannotVerifySessionTokensAreLeftOut(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 8192)
	for name, other := range map[string]any{
		"a key on a curve": members{
			"kty": "EC", "crv": "P-256", "kid": "other",
			"x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
		},
		"an Ed25519 key":         members{"kty": "OKP", "crv": "Ed25519", "kid": "other", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
		"a shared secret":        members{"kty": "oct", "kid": "other", "k": encode("secret"), "alg": "HS256"},
		"a key for encryption":   jwkOf(attackerKey, members{"kid": "other", "use": "enc"}),
		"1024 bits":              jwkOf(newKey(1024), members{"kid": "other"}),
		"more than 8192 bits":    jwkOf(attackerKey, members{"kid": "other", "n": encode(huge.Bytes())}),
		"a private key":          jwkOf(attackerKey, members{"kid": "other", "d": encode(attackerKey.D.Bytes()), "p": encode(attackerKey.Primes[0].Bytes()), "q": encode(attackerKey.Primes[1].Bytes())}),
		"no id":                  jwkOf(attackerKey, members{"kid": absent}),
		"an empty id":            jwkOf(attackerKey, members{"kid": ""}),
		"a number as id":         jwkOf(attackerKey, members{"kid": 5}),
		"an id beyond all":       jwkOf(attackerKey, members{"kid": strings.Repeat("k", 257)}),
		"no modulus":             jwkOf(attackerKey, members{"kid": "other", "n": absent}),
		"an empty modulus":       jwkOf(attackerKey, members{"kid": "other", "n": ""}),
		"a modulus of zero":      jwkOf(attackerKey, members{"kid": "other", "n": encode(make([]byte, 256))}),
		"no exponent":            jwkOf(attackerKey, members{"kid": "other", "e": absent}),
		"an exponent of zero":    jwkOf(attackerKey, members{"kid": "other", "e": "AA"}),
		"an exponent of one":     jwkOf(attackerKey, members{"kid": "other", "e": "AQ"}),
		"an even exponent":       jwkOf(attackerKey, members{"kid": "other", "e": encode([]byte{1, 0, 0})}),
		"an exponent that wraps": jwkOf(attackerKey, members{"kid": "other", "e": encode([]byte{1, 0, 0, 0, 0, 0, 1, 0, 1})}),
		"an unknown type":        members{"kty": "PQC", "kid": "other"},
		"no type":                members{"kid": "other"},
		"null":                   nil,
		"a number":               5,
		"a string":               "key",
		"a list":                 []int{1},
		"an empty object":        members{},
	} {
		t.Run(name, func(t *testing.T) {
			for _, body := range [][]byte{
				[]byte(toJSON(members{"keys": []any{jwkOf(instanceKey, nil), other}})),
				[]byte(toJSON(members{"keys": []any{other, jwkOf(instanceKey, nil)}})),
			} {
				source, err := verifier.ParseJWKS(body)
				if err != nil {
					t.Fatalf("expected the good key to be left, got %v", err)
				}
				if _, err := source.Key(context.Background(), kid); err != nil {
					t.Errorf("expected the good key, got %v", err)
				}
				for _, id := range []string{"other", "", "5"} {
					if key, err := source.Key(context.Background(), id); err == nil {
						t.Errorf("expected no key %q, got %+v", id, key)
					}
				}
			}
			if _, err := verifier.ParseJWKS([]byte(toJSON(members{"keys": []any{other}}))); err == nil {
				t.Error("expected a set of only this to be refused")
			}
		})
	}
}

func TestWhatIsNoKeySetIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":                "",
		"an empty set":           `{"keys":[]}`,
		"an empty object":        `{}`,
		"null keys":              `{"keys":null}`,
		"an object of keys":      `{"keys":{}}`,
		"null":                   `null`,
		"a list":                 `[]`,
		"a string":               `"keys"`,
		"half of one":            string(jwks(jwkOf(instanceKey, nil))[:100]),
		"a page of a proxy's":    "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
		"an error of the API's":  `{"errors":[{"code":"clerk_key_invalid"}]}`,
		"binary":                 "\x00\xff\xfe",
		"10,000 levels":          `{"keys":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}`,
		"a PEM":                  pemOf(instanceKey),
		"too large":              string(jwks(jwkOf(instanceKey, members{"x": strings.Repeat("x", 256<<10)}))),
		"the member in capitals": strings.Replace(string(jwks(jwkOf(instanceKey, nil))), `"keys"`, `"KEYS"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			source, err := verifier.ParseJWKS([]byte(body))
			if err == nil {
				t.Fatalf("expected an error, got %+v", source)
			}
			if len(err.Error()) > 200 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestAKeySetHasALargestSize(t *testing.T) {
	body := jwks(jwkOf(instanceKey, nil))
	body = append(body, bytes.Repeat([]byte(" "), verifier.MaxJWKSSize-len(body))...)
	if _, err := verifier.ParseJWKS(body); err != nil {
		t.Errorf("expected %d bytes to be read, got %v", len(body), err)
	}
	if _, err := verifier.ParseJWKS(append(body, ' ')); err == nil {
		t.Errorf("expected %d bytes to be refused", len(body)+1)
	}
}

func TestAKeySetHasALargestNumberOfKeys(t *testing.T) {
	many := make([]members, 65)
	for i := range many {
		many[i] = jwkOf(instanceKey, members{"kid": fmt.Sprintf("ins_%d", i)})
	}
	if _, err := verifier.ParseJWKS(jwks(many[:64]...)); err != nil {
		t.Errorf("expected 64 keys to be read, got %v", err)
	}
	if _, err := verifier.ParseJWKS(jwks(many...)); err == nil {
		t.Error("expected 65 keys to be refused")
	}
}

func TestOfTwoKeysWithOneIDTheLastCounts(t *testing.T) {
	source := must(verifier.ParseJWKS(jwks(jwkOf(attackerKey, nil), jwkOf(instanceKey, nil))))
	key, err := source.Key(context.Background(), kid)
	if err != nil || !key.Public.Equal(&instanceKey.PublicKey) {
		t.Errorf("expected the last, as in Clerk's SDK, got %v", err)
	}
}

func TestAKeyIsUsedWithItsAlgorithmOnly(t *testing.T) {
	for _, test := range []struct {
		key, token string
		want       verifier.Reason
	}{
		{"RS256", "RS256", ""},
		{"RS384", "RS384", ""},
		{"RS512", "RS512", ""},
		{"", "RS256", ""},
		{"", "RS384", ""},
		{"", "RS512", ""},
		{"RS256", "RS384", verifier.ReasonTokenVerificationFailed},
		{"RS256", "RS512", verifier.ReasonTokenVerificationFailed},
		{"RS512", "RS256", verifier.ReasonTokenVerificationFailed},
		{"PS256", "RS256", verifier.ReasonTokenVerificationFailed},
		{"RSA-OAEP", "RS256", verifier.ReasonTokenVerificationFailed},
	} {
		t.Run(test.key+" with "+test.token, func(t *testing.T) {
			changes := members{"alg": test.key}
			if test.key == "" {
				changes["alg"] = absent
			}
			v := atNoon(must(verifier.ParseJWKS(jwks(jwkOf(instanceKey, changes)))))
			_, err := v.Verify(context.Background(), signWith(test.token), demands)
			if test.want != "" {
				wantReason(t, err, test.want)
			} else if err != nil {
				t.Errorf("expected the token to be accepted, got %v", err)
			}
		})
	}
}

func TestASoleKeyIsASet(t *testing.T) {
	if _, err := must(verifier.ParseJWKS([]byte(toJSON(jwkOf(instanceKey, nil))))).Key(context.Background(), kid); err != nil {
		t.Errorf("expected the key, got %v", err)
	}
}
