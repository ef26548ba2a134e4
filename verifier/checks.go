// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// checkClaims checks the payload in the SDK's order. It must only be asked
// once the signature is known to be good, so that an unsigned token learns
// nothing about the configuration.
func (t *Token) checkClaims(want Requirements, now time.Time) error {
	if _, ok := t.payload.text("sub"); !ok {
		return refuse(ReasonTokenVerificationFailed, "expected a subject (sub) that is a string")
	}
	if err := t.checkAudience(want.Audiences); err != nil {
		return err
	}
	if err := t.checkAuthorizedParty(want.AuthorizedParties); err != nil {
		return err
	}
	if err := t.checkIssuer(want.Issuers); err != nil {
		return err
	}
	return t.checkTimes(now, want.ClockSkew)
}

// checkAudience lets a token without a usable audience pass, as Clerk's SDK
// does for session tokens.
func (t *Token) checkAudience(want []string) error {
	got := t.audience()
	if len(want) == 0 || len(got) == 0 {
		return nil
	}
	for _, audience := range got {
		if slices.Contains(want, audience) {
			return nil
		}
	}
	return refuse(ReasonTokenVerificationFailed, "expected the audience (aud) %s, got %s", list(want), list(got))
}

// audience reads RFC 7519, section 4.1.3: one string or a list of strings. A
// list with anything else in it counts as none.
func (t *Token) audience() []string {
	if one, ok := t.payload.text("aud"); ok {
		if one == "" {
			return nil
		}
		return []string{one}
	}
	many, ok := texts(t.payload["aud"])
	if !ok || strings.Join(many, "") == "" {
		return nil
	}
	return many
}

func (t *Token) checkAuthorizedParty(want []string) error {
	if len(want) == 0 {
		return nil
	}
	got, _ := t.payload.text("azp")
	if got == "" {
		return refuse(ReasonTokenInvalidAuthorizedParties, "expected the authorized party (azp) %s, got none", list(want))
	}
	if !slices.Contains(want, got) {
		return refuse(ReasonTokenInvalidAuthorizedParties, "expected the authorized party (azp) %s, got %s", list(want), quote(got))
	}
	return nil
}

func (t *Token) checkIssuer(want []string) error {
	if len(want) == 0 {
		return nil
	}
	got, ok := t.payload.text("iss")
	if !ok || !slices.Contains(want, got) {
		return refuse(ReasonTokenInvalidIssuer, "expected the issuer (iss) %s, got %s", list(want), quote(got))
	}
	return nil
}

func (t *Token) checkTimes(now time.Time, skew time.Duration) error {
	expiry, err := t.timeClaim("exp")
	if err != nil {
		return err
	}
	if math.IsNaN(expiry) {
		return refuse(ReasonTokenVerificationFailed, "expected an expiry (exp) that is a number")
	}
	if expiry <= millis(now.Add(-skew)) {
		return refuse(ReasonTokenExpired, "the token expired %s ago", seconds(millis(now)-expiry))
	}
	return t.checkBeginnings(now, skew)
}

// checkBeginnings checks the two optional claims that say since when a token
// is good.
func (t *Token) checkBeginnings(now time.Time, skew time.Duration) error {
	for _, check := range []struct {
		claim  string
		reason Reason
		text   string
	}{
		{"nbf", ReasonTokenNotActiveYet, "the token is not active yet (nbf), for another %s"},
		{"iat", ReasonTokenIatInTheFuture, "the token was issued in the future (iat), in %s"},
	} {
		begin, err := t.timeClaim(check.claim)
		if err != nil {
			return err
		}
		if begin > millis(now.Add(skew)) {
			refusal := refuse(check.reason, check.text, seconds(begin-millis(now)))
			refusal.Remedy = "check that this machine's clock is right"
			return refusal
		}
	}
	return nil
}

// timeClaim gives a claim in whole seconds, as milliseconds since the epoch;
// NaN when it is absent.
func (t *Token) timeClaim(name string) (float64, error) {
	if _, present := t.payload[name]; !present {
		return math.NaN(), nil
	}
	seconds := t.payload.number(name)
	if math.IsNaN(seconds) {
		return 0, refuse(ReasonTokenVerificationFailed, "expected the claim %s to be a number", name)
	}
	return math.Trunc(seconds) * 1000, nil
}

func millis(t time.Time) float64 { return float64(t.UnixMilli()) }

// seconds renders milliseconds as whole seconds.
func seconds(millis float64) string {
	return strconv.FormatFloat(millis/1000, 'f', 0, 64) + "s"
}

// quoteLimit bounds what an error repeats of a token.
const quoteLimit = 128

// quote makes a value from a token safe to print: one line of ASCII, bounded.
func quote(s string) string {
	if len(s) > quoteLimit {
		s = strings.ToValidUTF8(s[:quoteLimit], "") + "…"
	}
	return strconv.QuoteToASCII(s)
}

// listLimit is how many bytes of a list an error repeats at least, if it has
// them; the value that reaches it is the last.
const listLimit = 256

func list(values []string) string {
	var text strings.Builder
	for i, value := range values {
		if i > 0 {
			text.WriteString(" or ")
		}
		if text.Len() >= listLimit {
			fmt.Fprintf(&text, "%d more", len(values)-i)
			break
		}
		text.WriteString(quote(value))
	}
	return text.String()
}
