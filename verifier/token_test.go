// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func parsed(t *testing.T, token string) *verifier.Token {
	t.Helper()
	read, err := atNoon(keys()).Parse(token)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestParsingVerifiesNothing(t *testing.T) {
	text := unsigned(header(members{"alg": "none"}), session(nil)) + "."
	token := parsed(t, text)
	if token.String() != text {
		t.Errorf("expected the token as it was read, got %s", token)
	}
	if iss := token.UnverifiedIssuer(); iss != issuer {
		t.Errorf("expected the issuer, got %q", iss)
	}
	if at, ok := token.UnverifiedIssuedAt(); !ok || at != float64(noon.Unix()-10) {
		t.Errorf("expected the time of issue, got %v", at)
	}
	if at := token.UnverifiedExpiry(); at != float64(noon.Unix()+50) {
		t.Errorf("expected the expiry, got %v", at)
	}
	_, err := atNoon(keys()).VerifyParsed(context.Background(), token, demands)
	wantReason(t, err, verifier.ReasonTokenInvalidAlgorithm)
}

func TestAbsentUnverifiedClaimsAreTold(t *testing.T) {
	token := parsed(t, sign(header(nil), members{}))
	if iss := token.UnverifiedIssuer(); iss != "" {
		t.Errorf("expected no issuer, got %q", iss)
	}
	if _, ok := token.UnverifiedIssuedAt(); ok {
		t.Error("expected no time of issue")
	}
	if at := token.UnverifiedExpiry(); !math.IsNaN(at) {
		t.Errorf("expected no expiry, got %v", at)
	}
}

// What JavaScript takes for true is an issuer to the rules about cookies.
func TestAnIssuerIsWhateverIsNotEmpty(t *testing.T) {
	for value, want := range map[string]bool{
		`"x"`: true, `{}`: true, `[]`: true, `1`: true, `true`: true, `"0"`: true, `" "`: true,
		`""`: false, `null`: false, `false`: false, `0`: false, `-0`: false, `0.0`: false,
	} {
		token := parsed(t, sign(header(nil), members{"iss": json.RawMessage(value)}))
		if got := token.HasIssuer(); got != want {
			t.Errorf("%s: expected %t, got %t", value, want, got)
		}
	}
	if parsed(t, sign(header(nil), members{"ISS": "x"})).HasIssuer() {
		t.Error("expected only the exact name to count")
	}
}

func TestASessionTokensClassIsSeenWithoutAKey(t *testing.T) {
	for name, test := range map[string]struct {
		token string
		want  bool
	}{
		"a session token":         {good(), true},
		"without a category":      {sign(header(members{"cat": absent}), session(nil)), true},
		"a template":              {sign(header(members{"cat": "cl_B7d4PD222AAA"}), session(nil)), false},
		"a machine's token":       {sign(header(nil), session(members{"sub": "mch_1"})), false},
		"an OAuth token":          {sign(header(members{"typ": "at+jwt"}), session(nil)), false},
		"a machine, no signature": {unsigned(header(nil), session(members{"sub": "mch_1"})) + ".", true},
		"no objects":              {signText(`[]`, `5`), true},
	} {
		if got := parsed(t, test.token).IsSessionClass(); got != test.want {
			t.Errorf("%s: expected %t, got %t", name, test.want, got)
		}
	}
}

// Clerk's SDK takes only text with three filled parts for a machine's token;
// that with none is refused for its signature instead.
func TestAMachineTokenWithoutASignatureIsRefusedAllTheSame(t *testing.T) {
	refused(t, unsigned(header(nil), session(members{"sub": "mch_1"}))+".", verifier.ReasonTokenInvalidSignature)
}
