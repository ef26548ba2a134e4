// SPDX-License-Identifier: Apache-2.0

package authstate

import (
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
	auth   *Authenticator
	http   *http.Request
	public RequestURL
	parsed *url.Url   // public, once it was asked for
	params parameters // of parsed, likewise

	found    cookies // once they were asked for
	read     bool    // tells that they were
	suffixed bool    // which set of them counts, likewise

	// tokens are those that were read last: the two sets of cookies usually
	// hold the same.
	tokens [2]*verifier.Token
	// state is what the request was found to be. It stands here, and not by
	// itself, because that makes one allocation of two.
	state State
}

func (q *request) decided(s State) *State {
	q.state = s
	return &q.state
}

// headerToken gives the token of the Authorization header. A value without a
// scheme is a token; one of another scheme than "Bearer", spelled just so, is
// none, and leaves the word to the cookies.
func headerToken(h http.Header) string {
	scheme, rest, _ := strings.Cut(h.Get("Authorization"), " ")
	token, _, _ := strings.Cut(rest, " ")
	if token == "" {
		return scheme
	}
	if scheme == "Bearer" {
		return token
	}
	return ""
}

// address gives the request's address as a browser would read it; nil when
// there is no reading it. Most requests are decided without.
func (q *request) address() *url.Url {
	if q.parsed == nil {
		q.parsed = q.public.parse()
	}
	return q.parsed
}

// cookies gives Clerk's cookies, and decides which set of them counts.
// Requests with a good token in their header are decided without.
func (q *request) cookies() *cookies {
	if !q.read {
		q.read = true
		q.found = q.auth.jar.read(q.http.Header)
		q.suffixed = q.usesSuffixedCookies(q.auth.options.Now())
	}
	return &q.found
}

// cookie gives a cookie from the set that counts.
func (q *request) cookie(plain, suffixed int) string {
	found := q.cookies()
	if q.suffixed {
		return found[suffixed]
	}
	return found[plain]
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
	if q.params == nil && q.address() != nil {
		q.params = parseParameters(q.address().Query())
	}
	return q.params
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
	_, query, found := strings.Cut(q.public.Target, "?")
	return found && (strings.Contains(query, "__") || strings.Contains(query, "%"))
}

// isDocument tells whether the request is a person's navigation, which may be
// redirected. A connection that is to become a WebSocket, or an event stream,
// never is.
func (q *request) isDocument() bool {
	if q.http.Method != http.MethodGet || isUpgrade(q.http) {
		return false
	}
	switch q.http.Header.Get("Sec-Fetch-Dest") {
	case "document", "iframe":
		return true
	case "":
		return strings.HasPrefix(q.http.Header.Get("Accept"), "text/html")
	default:
		return false
	}
}

// isByScript tells whether a browser says that a script or a part of a page
// made the request. Browsers that say nothing of the kind are old ones.
func (q *request) isByScript() bool {
	switch q.http.Header.Get("Sec-Fetch-Dest") {
	case "", "document", "iframe":
		return false
	default:
		return true
	}
}

// isUpgrade tells whether a request asks for a WebSocket (RFC 6455, section
// 4.1; RFC 8441 and RFC 9220 for the later versions of HTTP).
func isUpgrade(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") ||
		r.Header.Get(":protocol") == "websocket" || r.Proto == "websocket"
}

// usesSuffixedCookies decides between the cookies with the instance's suffix
// and those without. Both are there while Clerk's clients of different ages
// are, or other instances on the same domain. Nothing is verified yet: at
// worst the wrong set is chosen, and its token refused.
func (q *request) usesSuffixedCookies(now time.Time) bool {
	c := &q.found
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
		c[suffixedClientUAT] != "0" && c[plainClientUAT] == "0" && isExpired(suffixed, now) {
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
	return issuer == q.auth.key.FrontendAPI
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
