// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// Verifier is what an Authenticator asks of package verifier.
type Verifier interface {
	Parse(token string) (*verifier.Token, error)
	VerifyParsed(ctx context.Context, token *verifier.Token, want verifier.Requirements) (*verifier.Claims, error)
	VerifyHandshake(ctx context.Context, token string, skew time.Duration) ([]string, error)
	VerifyMachine(ctx context.Context, token *verifier.Token, want verifier.MachineRequirements) (*verifier.MachineClaims, error)
}

// ErrUnavailable is wrapped by errors that mean that Clerk could not be asked,
// be it that it does not answer or that too much was asked for already.
var ErrUnavailable = errors.New("Clerk could not be asked") //nolint:staticcheck // It is a name.

// HandshakePayloads exchanges the nonce of a handshake for the Set-Cookie
// directives it stands for. An error that wraps ErrUnavailable says nothing
// about the nonce. Anybody can send nonces, so whoever implements it must bound
// what it does.
type HandshakePayloads interface {
	HandshakePayload(ctx context.Context, nonce string) ([]string, error)
}

// Options says how an Authenticator works.
type Options struct {
	// PublishableKey names the instance. Required, unless only API keys and M2M
	// tokens are accepted.
	PublishableKey string
	// Verifier holds the instance's keys. Required.
	Verifier Verifier
	// Requirements is what a token must satisfy. Without issuers, the
	// instance's Frontend API and its ProxyURL are the only ones.
	Requirements verifier.Requirements
	// Handshakes fetches the cookies of a handshake. Without it the handshake
	// is asked to come back as a signed token instead.
	Handshakes HandshakePayloads
	// Sessions renews sessions whose token has expired. Without it, browsers go
	// through a handshake for that.
	Sessions Sessions
	// SessionEnder ends the sessions of those who sign out. Without it, they
	// live on at Clerk, and only the browser forgets them.
	SessionEnder SessionEnder
	// Grace lets sessions pass that have expired while Clerk cannot be reached;
	// nil for none.
	Grace *Grace
	// AcceptsToken lists the types of tokens that are accepted, or holds
	// AnyToken; session tokens alone when empty.
	AcceptsToken []string
	// Machines verifies the machine tokens that are no JWTs. Without it, those
	// are refused.
	Machines Machines
	// Satellite is set for an application whose sessions are those of another
	// domain, the primary one.
	Satellite *Satellite
	// OrganizationPatterns and PersonalAccountPatterns are the paths that belong
	// to an organization, such as /orgs/:slug or /orgs/:id/(.*), and to no
	// organization. Page loads there activate what they belong to
	// (https://clerk.com/docs/references/backend/types/organization-sync-options).
	OrganizationPatterns, PersonalAccountPatterns []string
	// ProxyURL is where the Frontend API is reached instead of its own host: an
	// absolute URL, or a path on the request's own origin.
	ProxyURL string
	// SignInURL and SignUpURL are the pages to send people to: absolute, or
	// paths. By default they are the instance's hosted ones.
	SignInURL, SignUpURL string
	// PublicURL gives the address of a request as its sender sees it;
	// DirectURL when nil.
	PublicURL func(*http.Request) RequestURL
	// Log gets what an operator should know; nil for nothing.
	Log *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Authenticator decides requests for one instance and one set of
// requirements. It is safe for concurrent use.
type Authenticator struct {
	options Options
	key     PublishableKey
	jar     *cookieJar
	// want is what tokens must satisfy, with its issuers filled in.
	want          verifier.Requirements
	accepts       accepted
	organizations *organizationSync // nil without

	loopWarning, nonceWarning, tokenWarning, clockWarning, pageWarning warning

	refreshWarning, machineWarning, satelliteWarning, organizationWarning warning

	signOutWarning, graceWarning warning
}

// New makes an Authenticator. Its errors name the setting at fault.
func New(o Options) (*Authenticator, error) {
	accepts, err := newAccepted(o.AcceptsToken)
	if err != nil {
		return nil, err
	}
	var key PublishableKey
	if o.PublishableKey != "" || accepts.needsPublishableKey() {
		if key, err = ParsePublishableKey(o.PublishableKey); err != nil {
			return nil, fmt.Errorf("publishable_key: %w", err)
		}
	}
	if o.Verifier == nil {
		return nil, errors.New("an authenticator needs a verifier")
	}
	if o.Grace != nil && o.Grace.Unreachable == nil {
		return nil, errNoUnreachable
	}
	if err := o.checkSatellite(key.InstanceType); err != nil {
		return nil, err
	}
	for _, setting := range []struct{ name, value, example string }{
		{"proxy_url", o.ProxyURL, "/__clerk"}, {"sign_in_url", o.SignInURL, "/sign-in"}, {"sign_up_url", o.SignUpURL, "/sign-up"},
	} {
		if err := checkURL(setting.value, setting.example); err != nil {
			return nil, fmt.Errorf("%s: %w", setting.name, err)
		}
	}
	if o.ProxyURL != "" && !isPath(o.ProxyURL) && !isSafe(o.ProxyURL) {
		return nil, fmt.Errorf("proxy_url: expected https (http is for loopback only), got %q", o.ProxyURL)
	}
	if o.PublicURL == nil {
		o.PublicURL = DirectURL
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &Authenticator{options: o, key: key, jar: newCookieJar(key.CookieSuffix()), accepts: accepts}
	a.organizations, err = newOrganizationSync(o.OrganizationPatterns, o.PersonalAccountPatterns)
	if err != nil {
		return nil, fmt.Errorf("organization_sync: %w", err)
	}
	a.want = o.Requirements
	if len(a.want.Issuers) == 0 {
		a.want.Issuers = []string{"https://" + key.FrontendAPI}
		if own := a.frontendAPIHost(); own != key.FrontendAPI {
			a.want.Issuers = append(a.want.Issuers, "https://"+own)
		}
		if o.ProxyURL != "" && !isPath(o.ProxyURL) {
			a.want.Issuers = append(a.want.Issuers, strings.TrimRight(o.ProxyURL, "/"))
		}
	}
	return a, nil
}

// Requirements gives what session tokens must satisfy, the issuers included that
// were not set. One more counts where ProxyURL is a path: that path on the origin
// of the request.
func (a *Authenticator) Requirements() verifier.Requirements { return a.want }

// Authenticate finds out who a request comes from.
func (a *Authenticator) Authenticate(r *http.Request) *State { return a.AuthenticateTarget(r, "") }

// AuthenticateTarget is Authenticate for who knows the path and the query that
// were asked for already, as a RequestURL has them. Most requests can then be
// decided without PublicURL being asked for their address.
func (a *Authenticator) AuthenticateTarget(r *http.Request, target string) *State {
	token := headerToken(r.Header)
	q := newRequest(a, r, token == "")
	q.knownTarget = target
	s := q.decide(token)
	s.request, s.hadHeaderToken = q, token != ""
	q.explain(s)
	return s
}

// decide decides by the Authorization header if it holds a token, and else by
// the cookies: a program that sends one is never judged by cookies.
func (q *request) decide(token string) *State {
	switch {
	case q.auth.accepts.several || !q.auth.accepts.has(SessionToken):
		return q.withSeveral(token)
	case token != "":
		return q.withHeader(token)
	default:
		return q.withCookies()
	}
}

// Attach gives a State that another protocol has found for a request, with this
// Authenticator's pages to sign in on.
func (a *Authenticator) Attach(r *http.Request, s State) *State {
	q := newRequest(a, r, false)
	s.request, s.hadHeaderToken = q, headerToken(r.Header) != ""
	q.state = s
	return &q.state
}

// Adopt gives a State that another Authenticator of the same instance and the
// same requirements has found, with this one's pages to sign in on.
func (a *Authenticator) Adopt(s *State) *State {
	if s.request.auth == a {
		return s
	}
	return a.adopt(s)
}

func (a *Authenticator) adopt(s *State) *State {
	state, request := *s, *s.request
	request.auth, state.request = a, &request
	return &state
}

// withHeader decides by a session token in the Authorization header.
func (q *request) withHeader(token string) *State {
	parsed, err := q.parse(token)
	if err != nil {
		return q.refused(nil, err)
	}
	claims, err := q.verify(parsed)
	if err != nil {
		return q.refused(parsed, err)
	}
	return q.signedIn(token, claims)
}

// withCookies decides by the cookies. The steps and their order are the
// protocol's; each that says "handshake" becomes signed-out when the request
// cannot be redirected.
func (q *request) withCookies() *State {
	if s := q.returned(); s != nil {
		return s
	}
	if s := q.syncs(); s != nil {
		return s
	}
	if q.auth.key.InstanceType == Development {
		if q.hasParameter(cookieDevBrowser) {
			return q.handshake(ReasonDevBrowserSync, "")
		}
		if q.devBrowser() == "" {
			return q.handshake(ReasonDevBrowserMissing, "")
		}
	}
	session, uat := q.sessionCookie(), q.clientUAT()
	switch {
	case uat == 0 && session == "":
		return q.signedOut(ReasonSessionTokenAndUATMissing, "")
	case uat == 0:
		return q.handshake(ReasonSessionTokenWithoutClientUAT, "")
	case session == "":
		return q.handshake(ReasonClientUATWithoutSessionToken, "")
	}
	return q.withSessionCookie(session, uat)
}

func (q *request) withSessionCookie(session string, uat float64) *State {
	parsed, err := q.parse(session)
	if err != nil {
		return q.refused(nil, err)
	}
	if !parsed.IsSessionClass() {
		s := q.signedOut(string(verifier.ReasonTokenTypeMismatch), "")
		s.Rejected = true
		return s
	}
	if at, _ := parsed.UnverifiedIssuedAt(); at < uat {
		return q.handshake(ReasonSessionTokenIATBeforeClientUAT, "")
	}
	claims, err := q.verify(parsed)
	if err != nil {
		return q.refused(parsed, err)
	}
	if q.auth.options.Satellite == nil && q.comesFromElsewhere() && q.redirects() == 0 {
		return q.handshake(ReasonPrimaryDomainCrossOriginSync, "the request came from another site, where the session may have changed")
	}
	if s := q.activates(claims); s != nil {
		return s
	}
	return q.signedIn(session, claims)
}

func (q *request) verify(token *verifier.Token) (*verifier.Claims, error) {
	return q.verifyWithSkew(token, q.auth.want.ClockSkew)
}

func (q *request) verifyWithSkew(token *verifier.Token, skew time.Duration) (*verifier.Claims, error) {
	want := q.requirements()
	want.ClockSkew = skew
	return q.auth.options.Verifier.VerifyParsed(q.http.Context(), token, want)
}

// requirements are what the token of a request must satisfy. Behind a proxy_url
// that is a path, the request's own origin is an issuer, too.
func (q *request) requirements() verifier.Requirements {
	want := q.auth.want
	if len(q.auth.options.Requirements.Issuers) == 0 && isPath(q.auth.options.ProxyURL) {
		want.Issuers = append(slices.Clone(want.Issuers), q.public().Origin()+strings.TrimRight(q.auth.options.ProxyURL, "/"))
	}
	return want
}

// timeReasons lists what else time does to good tokens than to let them expire,
// and the reasons for which a handshake is then begun.
var timeReasons = map[verifier.Reason]string{
	verifier.ReasonTokenNotActiveYet:   ReasonSessionTokenNBF,
	verifier.ReasonTokenIatInTheFuture: ReasonSessionTokenIatInTheFuture,
}

// refused decides what follows from a token that was refused. Only what time
// has done to a token can be mended.
func (q *request) refused(token *verifier.Token, err error) *State {
	reason, message := verifier.ReasonOf(err), explain(err)
	if reason == verifier.ReasonTokenExpired {
		return q.expired(token, err)
	}
	if mendable, ok := timeReasons[reason]; ok {
		return q.handshake(mendable, message)
	}
	s := q.signedOut(string(reason), message)
	s.Unavailable = errors.Is(err, verifier.ErrKeysUnavailable)
	s.Rejected = !s.Unavailable
	return s
}

// explain turns an error into a sentence for a person.
func explain(err error) string {
	refusal, ok := errors.AsType[*verifier.Error](err)
	if !ok {
		return err.Error()
	}
	if refusal.Remedy == "" {
		return refusal.Message
	}
	return refusal.Message + "; " + refusal.Remedy
}

func (q *request) signedIn(token string, claims *verifier.Claims) *State {
	s := q.decided(SignedIn)
	s.TokenType, s.Token, s.Claims = SessionToken, token, claims
	return s
}

func (q *request) signedOut(reason, message string) *State {
	s := q.decided(SignedOut)
	s.TokenType, s.Reason, s.Message = SessionToken, reason, message
	return s
}
