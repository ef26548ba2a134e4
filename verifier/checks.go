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

// check checks the claims in the SDK's order. It must only be asked once the
// signature is known to be good, so that an unsigned token learns nothing
// about the configuration.
func (f *facts) check(want *Requirements, now time.Time) error {
	if err := f.checkSubject(); err != nil {
		return err
	}
	if err := f.checkAudience(want.Audiences); err != nil {
		return err
	}
	if err := f.checkAuthorizedParty(want.AuthorizedParties); err != nil {
		return err
	}
	if err := f.checkIssuer(want.Issuers); err != nil {
		return err
	}
	if err := f.checkExpiry(now, want.ClockSkew+want.ExpiredFor); err != nil {
		return err
	}
	return f.checkBeginnings(now, want.ClockSkew)
}

func (f *facts) checkSubject() error {
	if !f.hasSubject {
		return refuse(ReasonTokenVerificationFailed, "expected a subject (sub) that is a string")
	}
	return nil
}

// checkAudience lets a token without a usable audience pass, as Clerk's SDK
// does for session tokens.
func (f *facts) checkAudience(want []string) error {
	if len(want) == 0 || len(f.audiences) == 0 {
		return nil
	}
	for _, audience := range f.audiences {
		if slices.Contains(want, audience) {
			return nil
		}
	}
	return refuse(ReasonTokenVerificationFailed, "expected the audience (aud) %s, got %s", list(want), list(f.audiences))
}

func (f *facts) checkAuthorizedParty(want []string) error {
	switch {
	case len(want) == 0 || f.authorizedParty != "" && slices.Contains(want, f.authorizedParty):
		return nil
	case f.authorizedParty == "":
		return refuse(ReasonTokenInvalidAuthorizedParties, "expected the authorized party (azp) %s, got none", list(want))
	default:
		return refuse(ReasonTokenInvalidAuthorizedParties, "expected the authorized party (azp) %s, got %s", list(want), quote(f.authorizedParty))
	}
}

func (f *facts) checkIssuer(want []string) error {
	if len(want) == 0 || f.issuer != "" && slices.Contains(want, f.issuer) {
		return nil
	}
	return refuse(ReasonTokenInvalidIssuer, "expected the issuer (iss) %s, got %s", list(want), quote(f.issuer))
}

func (f *facts) checkTimes(now time.Time, skew time.Duration) error {
	if err := f.checkExpiry(now, skew); err != nil {
		return err
	}
	return f.checkBeginnings(now, skew)
}

func (f *facts) checkExpiry(now time.Time, skew time.Duration) error {
	if math.IsNaN(f.expiry.millis) {
		return refuse(ReasonTokenVerificationFailed, "expected an expiry (exp) that is a number")
	}
	if f.expiry.millis <= millis(now.Add(-skew)) {
		return refuse(ReasonTokenExpired, "the token expired %s ago", seconds(millis(now)-f.expiry.millis))
	}
	return nil
}

// checkBeginnings checks the two optional claims that say since when a token
// is good.
func (f *facts) checkBeginnings(now time.Time, skew time.Duration) error {
	if err := f.notBefore.checkBegun(now, skew, "nbf", ReasonTokenNotActiveYet); err != nil {
		return err
	}
	return f.issuedAt.checkBegun(now, skew, "iat", ReasonTokenIatInTheFuture)
}

func (c timeClaim) checkBegun(now time.Time, skew time.Duration, name string, reason Reason) error {
	switch {
	case !c.present:
		return nil
	case math.IsNaN(c.millis):
		return refuse(ReasonTokenVerificationFailed, "expected the claim %s to be a number", name)
	case c.millis > millis(now.Add(skew)):
		refusal := refuse(reason, "the token is good only in %s (%s)", seconds(c.millis-millis(now)), name)
		refusal.Remedy = "check that this machine's clock is right"
		return refusal
	}
	return nil
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
