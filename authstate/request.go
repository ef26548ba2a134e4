// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/nlnwa/whatwg-url/url"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// Names of Clerk's query parameters.
const (
	queryHandshakeHelp    = "__clerk_help"
	queryLegacyDevBrowser = "__dev_session"
)

// request is what an HTTP request says. Each part is read when it is asked
// for, and once.
type request struct {
	auth *Authenticator
	http *http.Request
	// knownTarget is that of the address, which needs then not be asked for to
	// know it; empty when it does.
	knownTarget string

	// details is what a good token in the header is decided without; nil until
	// some of it is asked for.
	details *details
	// tokens are those that were read last: the two sets of cookies usually
	// hold the same.
	tokens [2]*verifier.Token
	// state is what the request was found to be. It stands here, and not by
	// itself, because that makes one allocation of two.
	state State
}

// details is what else a request says.
type details struct {
	address RequestURL // once it was asked for; without a scheme before
	parsed  *url.Url   // address, likewise
	params  parameters // of parsed, likewise

	cookies  cookies // once they were asked for
	read     bool    // tells that they were
	suffixed bool    // which set of them counts, likewise

	// handshakeRefusal is why a handshake token was ignored; empty for none.
	handshakeRefusal string
}

// newRequest makes one allocation of two where the details will be asked for.
func newRequest(a *Authenticator, r *http.Request, detailed bool) *request {
	if !detailed {
		return &request{auth: a, http: r}
	}
	both := &struct {
		request
		details
	}{request: request{auth: a, http: r}}
	both.request.details = &both.details
	return &both.request
}

// asked gives the details that are known so far.
func (q *request) asked() *details {
	if q.details == nil {
		q.details = new(details)
	}
	return q.details
}

// decided begins the State anew, in place: one that is built elsewhere and
// copied takes room on every stack that it passes.
func (q *request) decided(s Status) *State {
	q.state = State{Status: s}
	return &q.state
}

// header gives the first line of a header, whose name is in canonical form.
func (q *request) header(name string) string { return firstLine(q.http.Header, name) }

// firstLine is http.Header.Get for a name that is known to be in canonical
// form, of which it would make sure each time.
func firstLine(h http.Header, name string) string {
	if lines := h[name]; len(lines) > 0 {
		return lines[0]
	}
	return ""
}

// headerToken gives the token of the Authorization header. A value without a
// scheme is a token; one of another scheme than "Bearer", spelled just so, is
// none, and leaves the word to the cookies.
func headerToken(h http.Header) string {
	scheme, rest, _ := cut(firstLine(h, "Authorization"), ' ')
	token, _, _ := cut(rest, ' ')
	if token == "" {
		return scheme
	}
	if scheme == "Bearer" {
		return token
	}
	return ""
}

// public gives the request's address as its sender sees it.
func (q *request) public() *RequestURL {
	d := q.asked()
	if d.address.Scheme == "" {
		d.address = q.auth.options.PublicURL(q.http)
		d.address.Target = cmp.Or(q.knownTarget, d.address.Target)
	}
	return &d.address
}

// target gives the path and the query that were asked for.
func (q *request) target() string {
	if q.knownTarget != "" {
		return q.knownTarget
	}
	return q.public().Target
}

// url gives the request's address as a browser would read it; nil when there
// is no reading it. Most requests are decided without.
func (q *request) url() *url.Url {
	d := q.asked()
	if d.parsed == nil {
		d.parsed = q.public().parse()
	}
	return d.parsed
}

// cookies gives Clerk's cookies, and decides which set of them counts.
// Requests with a good token in their header are decided without.
func (q *request) cookies() *cookies {
	d := q.asked()
	if !d.read {
		d.read = true
		q.auth.jar.read(q.http.Header, &d.cookies)
		d.suffixed = q.usesSuffixedCookies(&d.cookies)
	}
	return &d.cookies
}

// cookie gives a cookie from the set that counts.
func (q *request) cookie(plain, suffixed int) string {
	if q.usesSuffixed() {
		return q.cookies()[suffixed]
	}
	return q.cookies()[plain]
}

// usesSuffixed tells which set of cookies counts.
func (q *request) usesSuffixed() bool {
	q.cookies()
	return q.details.suffixed
}

func (q *request) sessionCookie() string { return q.cookie(plainSession, suffixedSession) }

func (q *request) clientUAT() float64 { return parseInt(q.cookie(plainClientUAT, suffixedClientUAT)) }

// redirects is how many handshakes were begun within the last moments.
func (q *request) redirects() float64 { return toNumber(q.cookies()[redirectCount]) }

func (q *request) devBrowser() string {
	if fromURL := q.parameter(cookieDevBrowser); fromURL != "" {
		return fromURL
	}
	return q.cookie(plainDevBrowser, suffixedDevBrowser)
}

// query gives the parameters of the address.
func (q *request) query() parameters {
	d := q.asked()
	if d.params == nil && q.url() != nil {
		d.params = parseParameters(q.url().Query())
	}
	return d.params
}

// parameter gives the first value of a parameter of Clerk's, empty without.
// Most requests have none, and are not parsed to see it.
func (q *request) parameter(name string) string {
	if !q.mayHaveQuery() {
		return ""
	}
	value, _ := q.query().get(name)
	return value
}

func (q *request) hasParameter(name string) bool {
	if !q.mayHaveQuery() {
		return false
	}
	_, ok := q.query().get(name)
	return ok
}

// mayHaveQuery tells whether a parameter of Clerk's can be among the query's;
// a percent sign could be hiding one.
func (q *request) mayHaveQuery() bool {
	_, query, found := cut(q.target(), '?')
	return found && (strings.Contains(query, "__") || strings.Contains(query, "%"))
}

// isDocument tells whether the request is a person's navigation, which may be
// redirected. A connection that is to become a WebSocket, or an event stream,
// never is.
func (q *request) isDocument() bool {
	if q.http.Method != http.MethodGet || isUpgrade(q.http) {
		return false
	}
	switch q.header("Sec-Fetch-Dest") {
	case "document", "iframe":
		return true
	case "":
		return strings.HasPrefix(q.header("Accept"), "text/html")
	default:
		return false
	}
}

// isByScript tells whether a browser says that a script or a part of a page
// made the request. Browsers that say nothing of the kind are old ones.
func (q *request) isByScript() bool {
	switch q.header("Sec-Fetch-Dest") {
	case "", "document", "iframe":
		return false
	default:
		return true
	}
}

// isUpgrade tells whether a request asks for a WebSocket (RFC 6455, section
// 4.1; RFC 8441 and RFC 9220 for the later versions of HTTP).
func isUpgrade(r *http.Request) bool {
	return strings.EqualFold(firstLine(r.Header, "Upgrade"), "websocket") ||
		firstLine(r.Header, ":protocol") == "websocket" || r.Proto == "websocket"
}

// usesSuffixedCookies decides between the cookies with the instance's suffix
// and those without. Both are there while Clerk's clients of different ages
// are, or other instances on the same domain. Nothing is verified yet: at
// worst the wrong set is chosen, and its token refused.
func (q *request) usesSuffixedCookies(c *cookies) bool {
	plain := q.unverified(c[plainSession])
	if c[plainSession] != "" && (plain == nil || !plain.HasIssuer()) {
		return false
	}
	if c[plainSession] != "" && !q.belongsToInstance(plain) {
		return true
	}
	if c[suffixedClientUAT] == "" && c[suffixedSession] == "" {
		return false
	}
	suffixed := q.unverified(c[suffixedSession])
	if c[suffixedClientUAT] != "0" && c[plainClientUAT] != "0" && issuedAt(plain) > issuedAt(suffixed) {
		return false
	}
	if c[suffixedClientUAT] == "0" && c[plainClientUAT] != "0" {
		return false
	}
	if q.auth.key.InstanceType != Production &&
		c[suffixedClientUAT] != "0" && c[plainClientUAT] == "0" && isExpired(suffixed, q.auth.options.Now()) {
		return false
	}
	return c[suffixedClientUAT] != "" || c[suffixedSession] == ""
}

// unverified reads the form of a token; nil if it has none.
func (q *request) unverified(token string) *verifier.Token {
	if token == "" {
		return nil
	}
	parsed, err := q.parse(token)
	if err != nil {
		return nil
	}
	return parsed
}

// parse reads the form of a token, unless that was done just before.
func (q *request) parse(token string) (*verifier.Token, error) {
	for _, known := range q.tokens {
		if known != nil && known.String() == token {
			return known, nil
		}
	}
	parsed, err := q.auth.options.Verifier.Parse(token)
	if err == nil {
		q.tokens = [2]*verifier.Token{parsed, q.tokens[0]}
	}
	return parsed, err
}

func (q *request) belongsToInstance(t *verifier.Token) bool {
	issuer := t.UnverifiedIssuer()
	for _, scheme := range []string{"https://", "http://"} {
		if len(issuer) > len(scheme) && strings.EqualFold(issuer[:len(scheme)], scheme) {
			issuer = issuer[len(scheme):]
			break
		}
	}
	return issuer == q.auth.frontendAPIHost()
}

// issuedAt is zero without a token or a claim. What is no number is neither
// later nor earlier than anything.
func issuedAt(t *verifier.Token) float64 {
	if t == nil {
		return 0
	}
	at, ok := t.UnverifiedIssuedAt()
	if !ok {
		return 0
	}
	return at
}

func isExpired(t *verifier.Token, now time.Time) bool {
	return t != nil && t.UnverifiedExpiry() <= float64(now.Unix())
}
