// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

var cookies = []string{"__session=abc; Path=/; HttpOnly", "__client_uat=1; Path=/"}

func handshake(token string) ([]string, error) {
	return atNoon(keys()).VerifyHandshake(context.Background(), token, verifier.DefaultClockSkew)
}

func handshakeRefused(t *testing.T, token string, want verifier.Reason) {
	t.Helper()
	directives, err := handshake(token)
	if directives != nil {
		t.Errorf("a refused handshake came with cookies: %q", directives)
	}
	wantReason(t, err, want)
}

func TestAHandshakeGivesItsCookies(t *testing.T) {
	for name, token := range map[string]string{
		"as Clerk sends it":         sign(header(nil), members{"handshake": cookies}),
		"without a category":        sign(header(members{"cat": absent}), members{"handshake": cookies}),
		"with one that says naught": sign(header(members{"cat": "cl_I7d4PD111III"}), members{"handshake": cookies}),
		"with times that hold":      sign(header(nil), members{"handshake": cookies, "exp": noon.Unix() + 9, "iat": noon.Unix(), "nbf": noon.Unix()}),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := handshake(token)
			if err != nil || !slices.Equal(got, cookies) {
				t.Errorf("expected the cookies, got %q, %v", got, err)
			}
		})
	}
}

// The directives become response headers as they are. A JWT template is
// written by whoever may edit the instance, with any claims, and signed with
// the same key: only its category tells it from a handshake.
func TestATemplatesHandshakeClaimIsNoHandshake(t *testing.T) {
	claim := members{"handshake": []string{"__session=attacker; Domain=example.com"}}
	for _, category := range []any{"cl_B7d4PD222AAA", "cl_B7d4PD333AAA", "", nil, 1, []string{"cl_B7d4PD111AAA"}} {
		handshakeRefused(t, sign(header(members{"cat": category}), claim), verifier.ReasonTokenInvalid)
	}
}

func TestAHandshakeIsCheckedLikeASessionToken(t *testing.T) {
	payload := members{"handshake": cookies}
	for name, test := range map[string]struct {
		token string
		want  verifier.Reason
	}{
		"no token":           {"", verifier.ReasonTokenInvalid},
		"null":               {signText(toJSON(header(nil)), "null"), verifier.ReasonTokenInvalid},
		"an unknown key":     {sign(header(members{"kid": "ins_2"}), payload), verifier.ReasonJWKKidMismatch},
		"another type":       {sign(header(members{"typ": "at+jwt"}), payload), verifier.ReasonTokenInvalid},
		"no algorithm":       {sign(header(members{"alg": "none"}), payload), verifier.ReasonTokenInvalidAlgorithm},
		"crit":               {sign(header(members{"crit": []string{"b64"}}), payload), verifier.ReasonTokenInvalid},
		"no signature":       {unsigned(header(nil), payload) + ".", verifier.ReasonTokenInvalidSignature},
		"another key's":      {unsigned(header(nil), payload) + "." + encode(rsaSign(attackerKey, "RS256", unsigned(header(nil), payload))), verifier.ReasonTokenInvalidSignature},
		"an oversize one":    {sign(header(nil), members{"handshake": []string{strings.Repeat("x", 1<<20)}}), verifier.ReasonTokenInvalid},
		"expired":            {sign(header(nil), payload.with(members{"exp": noon.Unix() - 6})), verifier.ReasonTokenExpired},
		"expired, a string":  {sign(header(nil), payload.with(members{"exp": "1"})), verifier.ReasonTokenVerificationFailed},
		"expired, null":      {sign(header(nil), payload.with(members{"exp": nil})), verifier.ReasonTokenVerificationFailed},
		"not active yet":     {sign(header(nil), payload.with(members{"nbf": noon.Unix() + 6})), verifier.ReasonTokenNotActiveYet},
		"from the future":    {sign(header(nil), payload.with(members{"iat": noon.Unix() + 6})), verifier.ReasonTokenIatInTheFuture},
		"exp holds, nbf not": {sign(header(nil), payload.with(members{"exp": noon.Unix() + 9, "nbf": noon.Unix() + 6})), verifier.ReasonTokenNotActiveYet},
	} {
		t.Run(name, func(t *testing.T) {
			handshakeRefused(t, test.token, test.want)
		})
	}
}

func TestAListOfCookiesHoldsStringsOnly(t *testing.T) {
	for _, value := range []string{
		`[1]`, `["a=b",1]`, `["a=b",null]`, `[null]`,
		`["a=b",{}]`, `[["a=b"]]`, `["a=b",true]`,
	} {
		t.Run(value, func(t *testing.T) {
			handshakeRefused(t, sign(header(nil), members{"handshake": json.RawMessage(value)}), verifier.ReasonTokenInvalid)
		})
	}
}

func TestAHandshakeMayCarryNoCookies(t *testing.T) {
	for name, token := range map[string]string{
		"no claim":           sign(header(nil), members{}),
		"an empty list":      sign(header(nil), members{"handshake": []string{}}),
		"another case":       sign(header(nil), members{"Handshake": cookies}),
		"a session token":    good(),
		"a payload, no list": signText(toJSON(header(nil)), `["handshake"]`),
		"a string":           sign(header(nil), members{"handshake": "__session=a"}),
		"an object":          sign(header(nil), members{"handshake": members{"0": "__session=a"}}),
		"null":               sign(header(nil), members{"handshake": nil}),
		"a number":           sign(header(nil), members{"handshake": 5}),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := handshake(token); err != nil || len(got) != 0 {
				t.Errorf("expected no cookies and no error, got %q, %v", got, err)
			}
		})
	}
}

// A line break in a directive would split the response: another header, or a
// body of the attacker's choosing.
func TestDirectivesWithControlCharactersAreRefused(t *testing.T) {
	for c := range 0x80 {
		directive := "__session=a" + string(rune(c)) + "b"
		_, err := handshake(sign(header(nil), members{"handshake": []string{"fine=1", directive}}))
		if control := c < ' ' || c == 0x7f; control != (err != nil) {
			t.Errorf("%q: expected an error to be %t, got %v", directive, control, err)
		}
	}
	split := "a=b\r\nSet-Cookie: __session=evil"
	err := verifier.CheckDirectives([]string{split})
	wantReason(t, err, verifier.ReasonTokenInvalid)
	if strings.Contains(err.Error(), "evil") || strings.ContainsAny(err.Error(), "\r\n") {
		t.Errorf("the error repeats the directive: %q", err)
	}
}

func TestDirectivesHaveLimits(t *testing.T) {
	if err := verifier.CheckDirectives(slices.Repeat([]string{"a=b"}, 64)); err != nil {
		t.Errorf("expected 64 to pass, got %v", err)
	}
	wantReason(t, verifier.CheckDirectives(slices.Repeat([]string{"a=b"}, 65)), verifier.ReasonTokenInvalid)
	if err := verifier.CheckDirectives([]string{strings.Repeat("a", 8192)}); err != nil {
		t.Errorf("expected 8 KiB to pass, got %v", err)
	}
	wantReason(t, verifier.CheckDirectives([]string{strings.Repeat("a", 8193)}), verifier.ReasonTokenInvalid)
	if err := verifier.CheckDirectives(nil); err != nil {
		t.Errorf("expected none to pass, got %v", err)
	}
}

func TestAHandshakeForgivesTheSkewItIsGiven(t *testing.T) {
	token := sign(header(nil), members{"handshake": cookies, "exp": noon.Unix() - 60})
	if _, err := atNoon(keys()).VerifyHandshake(context.Background(), token, 24*time.Hour); err != nil {
		t.Errorf("expected a day of skew to be forgiven, got %v", err)
	}
}

func TestAnOutageIsNoFaultOfTheHandshake(t *testing.T) {
	down := brokenKeys{verifier.KeysUnavailable(verifier.ReasonJWKRemoteFailedToLoad, "", errors.New("no route"))}
	_, err := atNoon(down).VerifyHandshake(context.Background(), sign(header(nil), members{"handshake": cookies}), 0)
	if !errors.Is(err, verifier.ErrKeysUnavailable) {
		t.Errorf("expected ErrKeysUnavailable, got %v", err)
	}
}
