// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// loopMessage is what to look at when redirecting did not help.
const loopMessage = "redirect loop: the handshake with Clerk does not lead to a session"

// maxCause bounds what a cause repeats of a request, in bytes.
const maxCause = 128

// LoopCauses tells what was measured of a redirect loop: each is a sentence
// about one thing that keeps handshakes from leading to a session, and what to
// do about it. There may be none. They hold what the request says of itself,
// bounded, and must be escaped in HTML.
func (s *State) LoopCauses() []string {
	if !s.Loop {
		return nil
	}
	causes := s.request.loopCauses()
	if s.Rejected {
		causes = append([]string{"Clerk knows who signs in, and the session is refused here each time: " + cmp.Or(s.Message, s.Reason)}, causes...)
	}
	return causes
}

func (q *request) loopCauses() []string {
	var causes []string
	for _, measure := range []func() string{
		q.ofOtherKeys, q.refusedHandshake, q.wrongClock, q.lostCookies, q.plainHTTP, q.severalUATs,
	} {
		if cause := measure(); cause != "" {
			causes = append(causes, cause)
		}
	}
	return causes
}

// ofOtherKeys compares the instance that the session is of with the one that
// is configured.
func (q *request) ofOtherKeys() string {
	token := q.unverified(q.sessionCookie())
	if token == nil || token.UnverifiedIssuer() == "" || q.belongsToInstance(token) {
		return ""
	}
	return fmt.Sprintf("the session in the browser is of %.*q, and the publishable key is of %q: "+
		"take all keys from one Clerk instance, or delete the site's cookies", maxCause, token.UnverifiedIssuer(), q.auth.frontendAPIHost())
}

func (q *request) refusedHandshake() string {
	if q.details.handshakeRefusal == "" {
		return ""
	}
	return fmt.Sprintf("Clerk's answer was refused (%s): check that secret_key, jwt_key or jwks_url is of the same instance as publishable_key",
		q.details.handshakeRefusal)
}

// wrongClock looks at a token that Clerk made within the last moments.
func (q *request) wrongClock() string {
	token := q.unverified(q.sessionCookie())
	if token == nil {
		return ""
	}
	now, skew := float64(q.auth.options.Now().Unix()), q.auth.want.ClockSkew.Seconds()
	issued, _ := token.UnverifiedIssuedAt()
	late, early := now-token.UnverifiedExpiry(), issued-now
	difference, direction := late, "ahead of"
	if early > skew {
		difference, direction = early, "behind"
	}
	if math.IsNaN(difference) || difference <= skew {
		return ""
	}
	return fmt.Sprintf("this machine's clock is %s Clerk's, by %s or more: synchronize it", direction, boundedSeconds(difference))
}

func boundedSeconds(seconds float64) time.Duration {
	return time.Duration(math.Min(seconds, 1e9)) * time.Second
}

// lostCookies tells that the cookies that a handshake sets did not come back,
// although the one that counts redirects did.
func (q *request) lostCookies() string {
	c := q.cookies()
	for _, name := range []int{plainSession, suffixedSession, plainClientUAT, suffixedClientUAT} {
		if c[name] != "" {
			return ""
		}
	}
	return "none of Clerk's cookies came back: check that nothing between the browser and this server removes Set-Cookie, and that the site is on the domain that Clerk knows"
}

func (q *request) plainHTTP() string {
	public := q.public()
	host, _, _ := strings.Cut(public.Host, ":")
	if public.Scheme != "http" || isLoopback(host) {
		return ""
	}
	return fmt.Sprintf("the page was asked for by plain http on %.*q: browsers do not keep Clerk's cookies there; "+
		"serve it by https, or tell Caddy of the proxy before it (trusted_proxies)", maxCause, public.Host)
}

// severalUATs counts a cookie that several domains may have set, of which only
// the first is looked at.
func (q *request) severalUATs() string {
	count := 0
	for _, line := range q.http.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			if name, _, _ := cut(pair, '='); trimBlanks(name) == cookieClientUAT {
				count++
			}
		}
	}
	if count < 2 {
		return ""
	}
	return fmt.Sprintf("the cookie %s came %d times, set for several domains: delete the site's cookies", cookieClientUAT, count)
}

// notedRefusal keeps the reason for which a handshake token was ignored.
func (q *request) notedRefusal(reason verifier.Reason) { q.asked().handshakeRefusal = string(reason) }
