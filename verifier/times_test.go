// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func TestTimeClaimsHoldToTheMillisecond(t *testing.T) {
	const at = 1_800_000_000
	for name, test := range map[string]struct {
		claim string
		now   time.Duration // since the claim's moment
		want  verifier.Reason
	}{
		"within the skew after exp":     {"exp", 5*time.Second - time.Millisecond, ""},
		"expired when the skew is over": {"exp", 5 * time.Second, verifier.ReasonTokenExpired},
		"within the skew before nbf":    {"nbf", -5 * time.Second, ""},
		"too early for nbf":             {"nbf", -5*time.Second - time.Millisecond, verifier.ReasonTokenNotActiveYet},
		"within the skew before iat":    {"iat", -5 * time.Second, ""},
		"too early for iat":             {"iat", -5*time.Second - time.Millisecond, verifier.ReasonTokenIatInTheFuture},
	} {
		t.Run(name, func(t *testing.T) {
			payload := members{"sub": "user_1", "exp": at + 3600}.with(members{test.claim: at})
			v := must(verifier.New(verifier.Options{
				Keys: keys(),
				Now:  func() time.Time { return time.Unix(at, 0).Add(test.now) },
			}))
			_, err := v.Verify(context.Background(), sign(header(nil), payload), verifier.Requirements{ClockSkew: 5 * time.Second})
			if test.want == "" {
				if err != nil {
					t.Fatalf("expected the token to be accepted, got %v", err)
				}
				return
			}
			wantReason(t, err, test.want)
		})
	}
}

func TestTheZeroRequirementsForgiveNoSkew(t *testing.T) {
	token := sign(header(nil), session(members{"exp": noon.Unix()}))
	_, err := atNoon(keys()).Verify(context.Background(), token, verifier.Requirements{})
	wantReason(t, err, verifier.ReasonTokenExpired)
}

// A time claim of another type must not read as zero or as "no limit".
func TestTimeClaimsMustBeNumbers(t *testing.T) {
	for _, claim := range []string{"exp", "nbf", "iat"} {
		for _, value := range []string{`"1772366400"`, `null`, `true`, `[1772366400]`, `{}`, `""`, `1e400`, `-1e400`} {
			t.Run(claim+" "+value, func(t *testing.T) {
				payload := session(members{claim: json.RawMessage(value)})
				refused(t, sign(header(nil), payload), verifier.ReasonTokenVerificationFailed)
			})
		}
	}
	refused(t, sign(header(nil), session(members{"exp": absent})), verifier.ReasonTokenVerificationFailed)
}

func TestOnlyTheExpiryIsRequired(t *testing.T) {
	claims := claimsOf(t, members{"nbf": absent, "iat": absent})
	if !claims.NotBefore.IsZero() || !claims.IssuedAt.IsZero() {
		t.Errorf("expected no times, got %v and %v", claims.NotBefore, claims.IssuedAt)
	}
}

// Numbers that overflow when they are turned into milliseconds or a Time must
// neither wrap around into the wrong verdict nor panic.
func TestAbsurdTimesGetTheVerdictTheirSizeDeserves(t *testing.T) {
	for name, test := range map[string]struct {
		claim, value string
		want         verifier.Reason
	}{
		"an expiry of minus zero":         {"exp", "-0", verifier.ReasonTokenExpired},
		"an expiry below all":             {"exp", "-1e308", verifier.ReasonTokenExpired},
		"an expiry that wraps in int64":   {"exp", "-9223372036854775809", verifier.ReasonTokenExpired},
		"a beginning beyond all":          {"nbf", "1e308", verifier.ReasonTokenNotActiveYet},
		"a beginning that wraps in int64": {"nbf", "18446744073709551616", verifier.ReasonTokenNotActiveYet},
		"issued beyond all":               {"iat", "1e308", verifier.ReasonTokenIatInTheFuture},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, sign(header(nil), session(members{test.claim: json.RawMessage(test.value)})), test.want)
		})
	}
	far := claimsOf(t, members{"exp": json.RawMessage("1e308"), "nbf": json.RawMessage("-1e308"), "iat": json.RawMessage("-0")})
	if !far.ExpiresAt.After(noon) || !far.NotBefore.Before(noon) {
		t.Errorf("expected times on the right side of now, got %v and %v", far.ExpiresAt, far.NotBefore)
	}
}

func TestFractionsOfASecondAreDropped(t *testing.T) {
	refused(t, sign(header(nil), session(members{"exp": float64(noon.Unix()) - 4.001})), verifier.ReasonTokenExpired)
	accepted(t, sign(header(nil), session(members{"exp": float64(noon.Unix()) - 3.001})))
}

func TestARefusedTimeSaysByHowMuchAndWhatToDo(t *testing.T) {
	_, err := verify(sign(header(nil), session(members{"exp": noon.Unix() - 90})))
	if err == nil || !strings.Contains(err.Error(), "90s ago") {
		t.Errorf("expected the error to say 90s, got %v", err)
	}
	_, err = verify(sign(header(nil), session(members{"nbf": noon.Unix() + 90})))
	refusal, ok := err.(*verifier.Error)
	if !ok || !strings.Contains(refusal.Message, "90s") || !strings.Contains(refusal.Remedy, "clock") {
		t.Errorf("expected the error to say 90s and name the clock, got %#v", err)
	}
}
