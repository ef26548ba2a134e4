// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// Sessions renews sessions whose token has expired. Whoever implements it
// should see to it that several requests with one token cause one call.
type Sessions interface {
	// RefreshSession gives Set-Cookie directives with a new token. A failure
	// that is a *RefreshError becomes part of the reason.
	RefreshSession(ctx context.Context, refresh Refresh) ([]string, error)
}

// Refresh is what a session is renewed with: POST /sessions/{id}/refresh of the
// Backend API.
type Refresh struct {
	SessionID string
	// ExpiredToken is the session token that has expired, and is good but for
	// that. RefreshToken is the cookie that came with it, and not verified.
	ExpiredToken, RefreshToken string
	// SuffixedCookies tells which set of cookies is wanted.
	SuffixedCookies bool
	// Origin is that of the request, and Header its headers, which hold
	// everything that the client sent.
	Origin string
	Header http.Header
}

// Reasons why a session was not refreshed, which become the end of the reason
// session-token-expired-refresh-…; an error code of the Backend API can stand
// there, too.
const (
	refreshNoCookie      = "non-eligible-no-refresh-cookie"
	refreshNoGet         = "non-eligible-non-get"
	refreshNoClient      = "missing-api-client"
	refreshNoSession     = "expired-session-token-missing-sid-claim"
	refreshInvalid       = "invalid-session-token"
	refreshFailed        = "fetch-error"
	refreshUnexpectedSDK = "unexpected-sdk-error"
	refreshUnexpected    = "unexpected-bapi-error"
)

// RefreshError is that a session was not renewed.
type RefreshError struct {
	// Reason is a word for the reason: an error code of the Backend API, or one
	// of the words of Clerk's SDK, such as fetch-error or unexpected-bapi-error.
	Reason string
	Err    error
}

func (e *RefreshError) Error() string {
	return fmt.Sprintf("refreshing the session (%s): %v", refreshWord(e.Reason), e.Err)
}

// Unwrap gives the cause.
func (e *RefreshError) Unwrap() error { return e.Err }

// refreshWord keeps what comes from outside to what can stand in a reason.
func refreshWord(reason string) string {
	isWord := func(c rune) bool {
		return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-'
	}
	if reason == "" || len(reason) > 64 || strings.ContainsFunc(reason, func(c rune) bool { return !isWord(c) }) {
		return refreshUnexpected
	}
	return reason
}

// expired decides what follows from a session token that is good but for its
// age: a new one, or else a handshake, whose reason tells why there is none.
// While Clerk cannot be reached, which an attempt may have shown only now, it
// can be that the token passes.
func (q *request) expired(token *verifier.Token, err error) *State {
	if s := q.withGrace(token); s != nil {
		return s
	}
	cookies, why := q.refresh(token)
	if why != "" {
		if s := q.withGrace(token); s != nil {
			return s
		}
		return q.handshake(ReasonSessionTokenExpired+"-refresh-"+why, explain(err))
	}
	fresh, claims, refusal := q.fromDirectives(cookies, token)
	if refusal != nil {
		q.auth.warn(&q.auth.refreshWarning, "a refreshed session is not used", "error", explain(refusal))
		return q.handshake(ReasonSessionTokenExpired+"-refresh-"+refreshInvalid, explain(err))
	}
	s := q.signedIn(fresh, claims)
	s.Cookies = cookies
	return s
}

// refresh has the session of an expired token renewed, and gives the cookies,
// or why there are none. The token is the one that was judged, be there
// another in the cookies: nobody is signed in as somebody else.
func (q *request) refresh(token *verifier.Token) (cookies []string, why string) {
	refreshToken := q.cookies()[suffixedRefresh]
	switch {
	case q.http.Method != http.MethodGet:
		return nil, refreshNoGet
	case refreshToken == "":
		return nil, refreshNoCookie
	case q.auth.options.Sessions == nil:
		return nil, refreshNoClient
	case token.UnverifiedSessionID() == "":
		return nil, refreshNoSession
	case q.url() == nil:
		return nil, refreshUnexpectedSDK
	}
	cookies, err := q.auth.options.Sessions.RefreshSession(q.http.Context(), Refresh{
		SessionID:       token.UnverifiedSessionID(),
		ExpiredToken:    token.String(),
		RefreshToken:    refreshToken,
		SuffixedCookies: q.usesSuffixed(),
		Origin:          originOf(q.url()),
		Header:          q.http.Header,
	})
	if err == nil {
		err = verifier.CheckDirectives(cookies)
	}
	switch {
	case err == nil && len(cookies) == 0:
		return nil, refreshUnexpectedSDK
	case err == nil:
		return cookies, ""
	}
	q.auth.warn(&q.auth.refreshWarning, "a session was not refreshed; the browser goes through a handshake", "error", err)
	if refusal, ok := errors.AsType[*RefreshError](err); ok {
		return nil, refreshWord(refusal.Reason)
	}
	return nil, refreshFailed
}

var errOtherPerson = errors.New("expected a token of the same person, got one of another")

// fromDirectives verifies the session token among Set-Cookie directives that
// are to take the place of an expired one.
func (q *request) fromDirectives(directives []string, expired *verifier.Token) (string, *verifier.Claims, error) {
	fresh := sessionOf(directives)
	parsed, err := q.parse(fresh)
	if err != nil {
		return "", nil, err
	}
	claims, err := q.verify(parsed)
	if err != nil {
		return "", nil, err
	}
	if claims.UserID != expired.UnverifiedSubject() {
		return "", nil, errOtherPerson
	}
	return fresh, claims, nil
}

// sessionOf gives the session token among Set-Cookie directives: the last one.
func sessionOf(directives []string) string {
	token := ""
	for _, directive := range directives {
		if strings.HasPrefix(directiveName(directive), cookieSession) {
			token = directiveValue(directive)
		}
	}
	return token
}
