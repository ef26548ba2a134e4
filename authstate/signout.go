// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// SessionEnder ends sessions at Clerk. Anybody can sign out as often as they
// like, so whoever implements it must bound what it does.
type SessionEnder interface {
	EndSession(ctx context.Context, sessionID string) error
}

// SignOut ends the session of a browser at Clerk, and gives the Set-Cookie
// directives with which the browser forgets it. There are none for cookies that
// the request did not bring.
//
// The session is that of a token among the cookies that the instance signed for
// this site, be it expired. What is not signed ends nothing. When Clerk cannot
// be told, the browser forgets the session all the same, and the log says so.
//
// It believes that a person asked for it: whoever calls it has to refuse what
// another site made the browser send.
func (a *Authenticator) SignOut(r *http.Request) []string {
	q := newRequest(a, r, true)
	if a.EndsSessions() {
		q.endSession()
	}
	return a.jar.expire(q.cookies(), q.public())
}

// EndsSessions tells whether SignOut ends sessions at Clerk.
func (a *Authenticator) EndsSessions() bool { return a.options.SessionEnder != nil }

func (q *request) endSession() {
	id, err := q.provenSession()
	if id != "" {
		// Whoever closes the page at once has signed out all the same.
		err = q.auth.options.SessionEnder.EndSession(context.WithoutCancel(q.http.Context()), id)
	}
	if err != nil {
		q.auth.warn(&q.auth.signOutWarning, "somebody signed out whose session was not ended at Clerk; only the browser forgets it",
			"error", explain(err))
	}
}

// provenSession gives the session of the first token that is good, beginning
// with the set of cookies that counts; nothing when there is no token at all.
func (q *request) provenSession() (string, error) {
	first, second := plainSession, suffixedSession
	if q.usesSuffixed() {
		first, second = second, first
	}
	var refusal error
	for _, cookie := range [...]int{first, second} {
		token := q.cookies()[cookie]
		if token == "" {
			continue
		}
		id, err := q.sessionIn(token)
		if err == nil {
			return id, nil
		}
		refusal = cmp.Or(refusal, err)
	}
	return "", refusal
}

var errNoSessionID = errors.New("expected the token to name its session (sid), got none")

// sessionIn gives the session that a token is of. Times are the last that is
// checked of a token: one that is refused for them is good but for that.
func (q *request) sessionIn(token string) (string, error) {
	parsed, err := q.parse(token)
	if err != nil {
		return "", err
	}
	if _, err = q.verify(parsed); err != nil && !isOfTime(verifier.ReasonOf(err)) {
		return "", err
	}
	if parsed.UnverifiedSessionID() == "" {
		return "", errNoSessionID
	}
	return parsed.UnverifiedSessionID(), nil
}

func isOfTime(reason verifier.Reason) bool {
	_, early := timeReasons[reason]
	return early || reason == verifier.ReasonTokenExpired
}
