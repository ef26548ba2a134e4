// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/nlnwa/whatwg-url/url"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

const (
	// apiDate is the dated version of the Frontend API that the protocol
	// followed here is of.
	apiDate = "2026-05-12"
	// maxRedirects is the number of handshakes in a row after which another
	// one would not help either.
	maxRedirects = 3
	// handshakeTime is what the SDK gives a redirect to be back from a handshake.
	handshakeTime = 2 * time.Second
	// developmentSkew is what a development machine's clock may be off by right
	// after a handshake: laptops that slept, containers that drifted.
	developmentSkew = 24 * time.Hour
)

// handshake redirects through the Frontend API, or signs out where a redirect
// is of no use: the request is no navigation, or redirecting did not help.
func (q *request) handshake(reason, message string) *State {
	return q.redirect(reason, message, q.handshakeURL)
}

// redirect is handshake with a place of its own to go to.
func (q *request) redirect(reason, message string, where func(reason string) (string, error)) *State {
	if !q.isDocument() {
		return q.signedOut(reason, message)
	}
	cookie := q.countRedirect(handshakeTime)
	if cookie == "" {
		s := q.signedOut(reason, loopMessage)
		s.Loop = true
		q.auth.warn(&q.auth.loopWarning, loopMessage, "reason", reason, "causes", q.loopCauses())
		return s
	}
	location, err := where(reason)
	if err != nil {
		return q.signedOut(reason, err.Error())
	}
	s := q.decided(Handshake)
	s.TokenType, s.Reason, s.Message = SessionToken, reason, message
	s.Location, s.Cookies = location, []string{cookie}
	return s
}

// countRedirect gives the cookie that counts one more redirect, and nothing
// when there were so many in a row that another would not help. They are in a row
// as long as each is back within a time.
func (q *request) countRedirect(within time.Duration) string {
	count := q.redirects()
	if count == maxRedirects {
		return ""
	}
	return cookieRedirectCount + "=" + numberText(count+1) + "; SameSite=Lax; HttpOnly; Max-Age=" + strconv.Itoa(int(within.Seconds()))
}

var errAddress = errors.New("the address of the request cannot be read")

// handshakeURL builds the address that a handshake begins with.
func (q *request) handshakeURL(reason string) (string, error) {
	if q.url() == nil {
		return "", errAddress
	}
	target, err := url.Parse(strings.TrimRight(q.frontendAPI(), "/") + "/v1/client/handshake")
	if err != nil {
		return "", err
	}
	query := parseParameters(target.Query())
	query = append(query,
		parameter{"redirect_url", q.without(cookieDevBrowser, queryLegacyDevBrowser)},
		parameter{"__clerk_api_version", apiDate},
		parameter{"suffixed_cookies", strconv.FormatBool(q.usesSuffixed())},
		parameter{"__clerk_hs_reason", reason})
	if q.auth.options.Handshakes != nil {
		query = append(query, parameter{"format", "nonce"})
	}
	if token := q.anyToken(); token != "" {
		query = append(query, parameter{cookieSession, token})
	}
	if browser := q.devBrowser(); browser != "" && q.auth.key.InstanceType == Development {
		query = append(query, parameter{cookieDevBrowser, browser})
	}
	if target, ok := q.organizationTarget(); ok {
		query = append(query, parameter{queryOrganization, target.name()})
	}
	setParameters(target, query)
	return target.Href(false), nil
}

// frontendAPI is where the Frontend API is reached.
func (q *request) frontendAPI() string {
	switch proxy := q.auth.options.ProxyURL; {
	case proxy == "":
		return "https://" + q.auth.frontendAPIHost()
	case isPath(proxy):
		return q.public().Origin() + proxy
	default:
		return proxy
	}
}

// anyToken gives the session token, wherever it was sent.
func (q *request) anyToken() string {
	if session := q.sessionCookie(); session != "" {
		return session
	}
	return headerToken(q.http.Header)
}

// without gives the request's address less some query parameters. Removing
// any writes the whole query anew, as in a browser.
func (q *request) without(names ...string) string {
	clean := q.url().Clone()
	setParameters(clean, q.query().without(names...))
	return clean.Href(false)
}

// returned decides a request that a handshake comes back with; nil when there
// is none, or it is to be ignored. The nonce is preferred to the token. In
// development they come in the address, in production in cookies.
func (q *request) returned() *State {
	nonce, nonceInAddress := q.queryOrCookie(cookieHandshakeNonce, handshakeNonce)
	token, tokenInAddress := q.queryOrCookie(cookieHandshake, handshakeToken)
	if q.auth.options.Handshakes == nil {
		// It cannot be exchanged, and was not asked for.
		nonce = ""
	}
	if nonce == "" && token == "" {
		return nil
	}
	return q.returnedWith(nonce, token, nonceInAddress || tokenInAddress)
}

func (q *request) returnedWith(nonce, token string, inAddress bool) *State {
	directives, err := q.directives(nonce, token)
	if errors.Is(err, ErrUnavailable) {
		s := q.signedOut(ReasonSessionTokenMissing, "Clerk could not be asked what the handshake brought")
		s.Unavailable = true
		return s
	}
	if err != nil {
		return q.ignoreOrRefuse(err)
	}
	s := q.resolve(directives)
	if s == nil || s.Unavailable || q.auth.key.InstanceType != Development {
		// Undecided is as good as not yet asked: the address keeps what a second
		// attempt needs.
		return s
	}
	if inAddress {
		s.Location = q.without(cookieHandshake, queryHandshakeHelp, cookieDevBrowser, cookieHandshakeNonce)
		return s
	}
	// The address is clean already, and redirecting to it would never end. A
	// cookie that led to no session is old: the protocol goes on without it.
	if s.Status != SignedIn {
		return nil
	}
	return s
}

// queryOrCookie gives a value that is in the query or else in a cookie, and
// tells whether it was in the query.
func (q *request) queryOrCookie(name string, cookie int) (value string, inQuery bool) {
	if value := q.parameter(name); value != "" {
		return value, true
	}
	return q.cookies()[cookie], false
}

// maxNonce is more than the size in bytes of any nonce of Clerk's.
const maxNonce = 512

// directives gives the cookies that a handshake brings. A nonce that is not
// known brings none.
func (q *request) directives(nonce, token string) ([]string, error) {
	ctx := q.http.Context()
	if nonce == "" {
		return q.auth.options.Verifier.VerifyHandshake(ctx, token, q.auth.options.Requirements.ClockSkew)
	}
	if len(nonce) > maxNonce {
		return nil, nil
	}
	directives, err := q.auth.options.Handshakes.HandshakePayload(ctx, nonce)
	if err == nil {
		err = verifier.CheckDirectives(directives)
	}
	if err == nil {
		return directives, nil
	}
	q.auth.warn(&q.auth.nonceWarning, "exchanging the nonce of a handshake failed", "error", err)
	if errors.Is(err, ErrUnavailable) {
		return nil, err
	}
	return nil, nil
}

// ignoreOrRefuse decides on a handshake token that was refused. In production
// the cookie can be another application's on the same domain, and the
// protocol goes on. In development it can only mean that the keys do not
// belong together, and going on would not end.
func (q *request) ignoreOrRefuse(err error) *State {
	reason := string(verifier.ReasonOf(err))
	if errors.Is(err, verifier.ErrKeysUnavailable) {
		s := q.signedOut(reason, explain(err))
		s.Unavailable = true
		return s
	}
	if q.auth.key.InstanceType == Production {
		q.auth.options.Log.Debug("a handshake token was ignored", "reason", reason)
		q.notedRefusal(verifier.ReasonOf(err))
		return nil
	}
	s := q.signedOut(reason, "the handshake came back with a token that was refused: "+explain(err))
	s.Refused = true
	return s
}

// resolve takes the session from the cookies that a handshake brought; nil
// when there is one and it is not good.
func (q *request) resolve(directives []string) *State {
	token := sessionOf(directives)
	if token == "" {
		s := q.signedOut(ReasonSessionTokenMissing, "")
		s.Cookies, s.Returned, s.ByScript = directives, true, q.isByScript()
		return s
	}
	claims, err := q.verifyReturned(token)
	if err != nil {
		q.auth.warn(&q.auth.tokenWarning, "a handshake brought a session token that was refused",
			"reason", string(verifier.ReasonOf(err)), "error", explain(err))
		if errors.Is(err, verifier.ErrKeysUnavailable) {
			return q.refused(nil, err)
		}
		return nil
	}
	s := q.signedIn(token, claims)
	s.Cookies, s.Returned, s.ByScript = directives, true, q.isByScript()
	return s
}

// verifyReturned verifies a session token that Clerk has made just now. If
// the clocks disagree on that, a development instance takes Clerk's word.
func (q *request) verifyReturned(token string) (*verifier.Claims, error) {
	parsed, err := q.parse(token)
	if err != nil {
		return nil, err
	}
	claims, err := q.verify(parsed)
	if err == nil || q.auth.key.InstanceType != Development {
		return claims, err
	}
	reason := verifier.ReasonOf(err)
	if _, ok := timeReasons[reason]; !ok && reason != verifier.ReasonTokenExpired {
		return nil, err
	}
	q.auth.warn(&q.auth.clockWarning, "this machine's clock differs from Clerk's; set it right, since sessions will not last", "error", explain(err))
	return q.verifyWithSkew(parsed, developmentSkew)
}
