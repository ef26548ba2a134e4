// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// nasty is what an attacker would like to see in a log: lines of its own,
// terminal escapes, marks that turn the text around, and no end.
const nasty = "x\r\nlevel=info msg=\"signed in\"\x1b[2J\u202e\u2028\x00\x7f"

// Errors reach logs, response headers and terminals. None may carry the
// token, a line break or more than a bounded piece of a claim.
func TestErrorsRepeatNothingDangerous(t *testing.T) {
	long := strings.Repeat(nasty, 100)
	many := slices.Repeat([]string{nasty}, 100)
	want := demands
	want.Audiences = []string{"mine"}
	for name, token := range map[string]string{
		"no token":           long,
		"a fourth part":      good() + "." + good(),
		"garbage parts":      encode(long) + "." + encode(long) + "." + encode(long),
		"not base64":         long + "." + long + "." + long,
		"kid":                sign(header(members{"kid": long}), session(nil)),
		"alg":                sign(header(members{"alg": long}), session(nil)),
		"alg, an object":     sign(header(members{"alg": many}), session(nil)),
		"typ":                sign(header(members{"typ": long}), session(nil)),
		"cat":                sign(header(members{"cat": long}), session(nil)),
		"crit":               sign(header(members{"crit": many}), session(nil)),
		"sub":                sign(header(nil), session(members{"sub": many})),
		"aud":                sign(header(nil), session(members{"aud": long})),
		"aud, a list":        sign(header(nil), session(members{"aud": many})),
		"azp":                sign(header(nil), session(members{"azp": long})),
		"iss":                sign(header(nil), session(members{"iss": long})),
		"exp":                sign(header(nil), session(members{"exp": -1e305})),
		"exp, a string":      sign(header(nil), session(members{"exp": long})),
		"nbf":                sign(header(nil), session(members{"nbf": 1e305})),
		"iat":                sign(header(nil), session(members{"iat": 1e308})),
		"a bad signature":    good()[:len(good())-20] + strings.Repeat("A", 20),
		"1 MB":               strings.Repeat("a", 1<<20),
		"HTML":               sign(header(nil), session(members{"azp": "<script>alert(1)</script>"})),
		"a cut multi-byte":   sign(header(nil), session(members{"iss": strings.Repeat("a", 127) + "\u20ac"})),
		"many wide letters":  sign(header(nil), session(members{"iss": strings.Repeat("\U0001f511", 500)})),
		"a list of wide aud": sign(header(nil), session(members{"aud": slices.Repeat([]string{strings.Repeat("\u20ac", 60)}, 40)})),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := atNoon(keys()).Verify(context.Background(), token, want)
			checkText(t, err, token)
			_, err = atNoon(keys()).VerifyHandshake(context.Background(), token, 0)
			if err != nil {
				checkText(t, err, token)
			}
		})
	}
}

func checkText(t *testing.T, err error, token string) {
	t.Helper()
	if err == nil {
		t.Fatal("expected an error")
	}
	text := err.Error()
	if len(text) > 1100 {
		t.Errorf("the error has %d bytes", len(text))
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			t.Fatalf("the error contains the byte %#x: %q", text[i], text)
		}
	}
	for part := range strings.SplitSeq(token, ".") {
		if len(part) >= 24 && strings.Contains(text, part[:24]) {
			t.Errorf("the error contains a part of the token: %q", text)
		}
	}
}

func TestErrorsNameWhatWasExpectedAndWhatCame(t *testing.T) {
	_, err := verify(sign(header(nil), session(members{"azp": "https://evil.example"})))
	const want = `expected the authorized party (azp) "https://app.example.com", got "https://evil.example" (token-invalid-authorized-parties)`
	if err == nil || err.Error() != want {
		t.Errorf("expected %s, got %v", want, err)
	}
}

func TestABadSignatureSaysWhatToDo(t *testing.T) {
	_, err := verify(unsigned(header(nil), session(nil)) + ".")
	refusal, ok := err.(*verifier.Error)
	if !ok || refusal.Remedy == "" {
		t.Errorf("expected a remedy, got %#v", err)
	}
}

// An unsigned token must learn nothing about what the site demands.
func TestAnUnsignedTokenLearnsNothingOfTheDemands(t *testing.T) {
	var texts []string
	for _, payload := range []members{
		session(nil), session(members{"azp": "x"}), session(members{"iss": "x"}), session(members{"exp": 1}), {},
	} {
		_, err := verify(unsigned(header(nil), payload) + "." + encode(make([]byte, 256)))
		texts = append(texts, err.Error())
	}
	if len(slices.Compact(texts)) != 1 {
		t.Errorf("expected one answer to all, got %q", texts)
	}
}
