// SPDX-License-Identifier: Apache-2.0

package legacy

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// Verifier is what an Authenticator asks of package verifier.
type Verifier interface {
	Verify(ctx context.Context, token string, want verifier.Requirements) (*verifier.Claims, error)
}

// Options says how an Authenticator works.
type Options struct {
	// Development tells that the instance is no production one. The reference
	// reads it from the prefix of the secret key: test_ or sk_test_.
	Development bool
	// Verifier holds the instance's keys. Required.
	Verifier Verifier
	// Requirements is what a token must satisfy. Issuers are required: they
	// stand for the reference's rule that an issuer begins with https://clerk,
	// which today's development instances do not meet. The reference forgives no
	// clock skew; verifier.DefaultClockSkew spares those whose clock is a second
	// behind Clerk's an endless interstitial.
	Requirements verifier.Requirements
	// PublicURL gives the address of a request as its sender sees it;
	// authstate.DirectURL when nil. Origin and Referer are compared with it, and
	// no forwarded header is looked at beside it.
	PublicURL func(*http.Request) authstate.RequestURL
}

// Authenticator decides requests for one instance. It is safe for concurrent
// use.
type Authenticator struct {
	options Options
}

// New makes an Authenticator. Its errors name the option at fault.
func New(o Options) (*Authenticator, error) {
	if o.Verifier == nil {
		return nil, errors.New("an authenticator needs a verifier")
	}
	if len(o.Requirements.Issuers) == 0 {
		return nil, errors.New("an authenticator needs the issuer of the tokens, such as https://clerk.example.com")
	}
	if o.PublicURL == nil {
		o.PublicURL = authstate.DirectURL
	}
	return &Authenticator{options: o}, nil
}

// Authenticate finds out who a request comes from. A token in the header
// decides alone.
func (a *Authenticator) Authenticate(r *http.Request) *State {
	if token := headerToken(r.Header); token != "" {
		return a.verify(r.Context(), token, inHeader)
	}
	q := a.read(r)
	for _, step := range steps {
		if step.applies(q) {
			return &State{Status: step.status, Reason: step.reason}
		}
	}
	return a.withCookies(r.Context(), q)
}

// steps are the reference's that come before a look at the session cookie. The
// first that applies decides.
var steps = []struct {
	status  Status
	reason  string
	applies func(*request) bool
}{
	// A program without a token is not to be given a page that only browsers
	// can make something of.
	{SignedOut, ReasonHeaderMissingNonBrowser, func(q *request) bool {
		return q.development && !strings.HasPrefix(q.userAgent, "Mozilla/")
	}},
	// Whoever comes from another origin must bring a token: a browser adds
	// cookies by itself.
	{SignedOut, ReasonHeaderMissingCORS, func(q *request) bool {
		return q.origin != "" && q.isCrossOrigin(q.origin)
	}},
	// The cookies of a development instance are on another domain, where only
	// Clerk.js sees them.
	{Interstitial, ReasonUATMissing, func(q *request) bool {
		return q.development && q.clientUAT == ""
	}},
	{Interstitial, ReasonCrossOriginReferrer, func(q *request) bool {
		return q.development && q.referrer != "" && q.isCrossOrigin(q.referrer)
	}},
	{SignedOut, ReasonCookieAndUATMissing, func(q *request) bool {
		return q.clientUAT == "" && q.cookieToken == ""
	}},
	{SignedOut, ReasonStandardSignedOut, func(q *request) bool {
		return q.clientUAT == "0"
	}},
	{Interstitial, ReasonCookieMissing, func(q *request) bool {
		return q.cookieToken == ""
	}},
}

// withCookies decides by the session cookie, and by whether it is as young as
// the client's last change.
func (a *Authenticator) withCookies(ctx context.Context, q *request) *State {
	s := a.verify(ctx, q.cookieToken, inCookie)
	if s.Status != SignedIn {
		return s
	}
	// Clerk writes the digits of a whole number, and 63 bits hold any moment.
	uat, err := strconv.ParseUint(q.clientUAT, 10, 63)
	switch {
	case err != nil || s.Claims.IssuedAt.IsZero():
		return &State{Status: Interstitial, Reason: ReasonUnknown}
	case s.Claims.IssuedAt.Unix() < int64(uat): //nolint:gosec // It has 63 bits.
		return &State{Status: Interstitial, Reason: ReasonCookieOutdated}
	}
	return s
}

func (a *Authenticator) verify(ctx context.Context, token string, at place) *State {
	claims, err := a.options.Verifier.Verify(ctx, token, a.options.Requirements)
	if err != nil {
		r := refusalOf(err)
		return &State{
			Status: r.status, Reason: r.reasons[at], Message: err.Error(),
			Unavailable: errors.Is(err, verifier.ErrKeysUnavailable),
		}
	}
	return &State{Status: SignedIn, Token: token, Claims: claims}
}
