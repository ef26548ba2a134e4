// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// judge is another implementation of RFC 7515, which shares no code with this
// package's reading and checking of tokens.
func judge(token string) error {
	_, err := jws.Verify([]byte(token), jws.WithKey(jwa.RS256, &instanceKey.PublicKey))
	return err
}

// mutation spoils a token in one way, or leaves it as it is.
type mutation func(random *rand.Rand, token string) string

// mutations are ways to spoil a token without the key.
var mutations = map[string]mutation{
	"another digit": func(random *rand.Rand, token string) string {
		i := random.IntN(len(token))
		return token[:i] + string(rune(' '+random.IntN(95))) + token[i+1:]
	},
	"any byte": func(random *rand.Rand, token string) string {
		i := random.IntN(len(token))
		return token[:i] + string([]byte{byte(random.IntN(256))}) + token[i+1:]
	},
	"one more": func(random *rand.Rand, token string) string {
		i := random.IntN(len(token) + 1)
		return token[:i] + string("Aa0-_=+/. \n"[random.IntN(11)]) + token[i:]
	},
	"one less": func(random *rand.Rand, token string) string {
		i := random.IntN(len(token))
		return token[:i] + token[i+1:]
	},
	"cut": func(random *rand.Rand, token string) string {
		return token[:random.IntN(len(token))]
	},
	"two swapped": func(random *rand.Rand, token string) string {
		i := random.IntN(len(token) - 1)
		return token[:i] + string([]byte{token[i+1], token[i]}) + token[i+2:]
	},
	"parts of two": func(random *rand.Rand, token string) string {
		other := strings.Split(sign(header(nil), session(members{"sub": strconv.Itoa(random.IntN(9))})), ".")
		own := strings.Split(token, ".")
		own[random.IntN(3)] = other[random.IntN(3)]
		return strings.Join(own, ".")
	},
	"nothing": func(_ *rand.Rand, token string) string { return token },
}

// oddTokens are signed with the key, and odd. They may be accepted or not. Not
// among them is a header with blanks around it or with a member that the judge
// knows of another type: it cannot read those.
func oddTokens() []string {
	h, p := strings.TrimSuffix(toJSON(header(nil)), "}"), strings.TrimSuffix(toJSON(session(nil)), "}")
	tokens := []string{signWith("RS384"), signWith("RS512"), signText("{}", "{}"), signText(h+" , \"x\" : 1 }", "\t"+p+" } ")}
	for _, member := range []string{
		`"x":null`, `"alg":"none"`, `"alg":"HS256"`, `"alg":"RS256"`, `"crit":["b64"],"b64":false`, `"crit":[]`,
		`"jku":"https://evil.example"`, `"kid":"ins_1"`, `"kid":"x"`, `"cat":null`, `"typ":"JWT"`, `"typ":"at+jwt"`, `"zip":"DEF"`,
		`"sub":"user_2"`, `"iss":"x"`, `"handshake":["a=b"]`, `"\u0061lg":"RS256"`,
	} {
		tokens = append(tokens, signText(h+","+member+"}", p+"}"), signText("{"+member+","+h[1:]+"}", p+"}"))
	}
	for _, member := range []string{
		`"x":null`, `"sub":"user_2"`, `"sub":null`, `"exp":1e400`, `"exp":1e300`, `"iss":"x"`, `"handshake":["a=b"]`,
		`"handshake":["a\r\nb"]`, `"aud":[1]`, `"v":2,"o":{"id":"org_1"}`, `"s\u0075b":"user_3"`, `"azp":null`,
	} {
		tokens = append(tokens, signText(h+"}", p+","+member+"}"), signText(h+"}", "{"+member+","+p[1:]+"}"))
	}
	return tokens
}

// Whatever is accepted here, another implementation must accept too; that it
// may be the stricter of the two is no matter.
func TestNothingIsAcceptedThatAnotherImplementationRefuses(t *testing.T) {
	tokens := oddTokens()
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		for _, mutate := range mutations {
			tokens = append(tokens, mutate(random, good()))
		}
	}
	v, count := atNoon(keys()), 0
	for _, token := range tokens {
		_, err := v.Verify(context.Background(), token, demands)
		if err != nil {
			continue
		}
		count++
		if err := judge(token); err != nil {
			t.Errorf("accepted what another implementation refuses with %v: %s", err, token)
		}
	}
	if count < 100 || count > len(tokens)/2 {
		t.Errorf("expected some of the %d tokens to be accepted and most not, got %d", len(tokens), count)
	}
}

// The same for handshakes, whose cookies are sent on as they are.
func TestNoHandshakeIsAcceptedThatAnotherImplementationRefuses(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	token := sign(header(nil), members{"handshake": cookies})
	for name, mutate := range mutations {
		for range 50 {
			mutated := mutate(random, token)
			directives, err := atNoon(keys()).VerifyHandshake(context.Background(), mutated, 0)
			if err == nil && judge(mutated) != nil {
				t.Errorf("%s: accepted %q of %s", name, directives, mutated)
			}
		}
	}
}

// The default signature check and the judge's agree on every algorithm.
func TestBothImplementationsAcceptTheSameAlgorithms(t *testing.T) {
	source := must(verifier.ParseJWKS(jwks(jwkOf(instanceKey, members{"alg": absent}))))
	for _, alg := range []jwa.SignatureAlgorithm{jwa.RS256, jwa.RS384, jwa.RS512} {
		payload := []byte(toJSON(session(nil)))
		h := jws.NewHeaders()
		if err := h.Set(jws.KeyIDKey, kid); err != nil {
			t.Fatal(err)
		}
		token := must(jws.Sign(payload, jws.WithKey(alg, instanceKey, jws.WithProtectedHeaders(h))))
		if _, err := atNoon(source).Verify(context.Background(), string(token), demands); err != nil {
			t.Errorf("%s: expected the other implementation's token to be accepted, got %v", alg, err)
		}
		if _, err := jws.Verify([]byte(signWith(alg.String())), jws.WithKey(alg, &instanceKey.PublicKey)); err != nil {
			t.Errorf("%s: expected the judge to accept ours, got %v", alg, err)
		}
	}
}
