// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"errors"
	"net/http"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// ReasonOutageGrace tells that a session passes which has expired, since Clerk
// cannot be reached to renew it. It is the Grace of a State that is signed-in.
const ReasonOutageGrace = "session-token-expired-outage-grace"

const graceMessage = "the session has expired, and passes for now, since Clerk cannot be reached to renew it"

// Grace lets sessions pass that have expired while Clerk cannot be reached.
type Grace struct {
	// For is how long ago the token may have expired, beyond the clock skew.
	For time.Duration
	// Unreachable tells whether Clerk cannot be reached. It is asked only about
	// tokens that lack nothing but the time, and must not wait. Required.
	Unreachable func() bool
}

var errNoUnreachable = errors.New("an authenticator with a grace needs to be told when Clerk cannot be reached")

// safeMethods are those of RFC 9110, section 9.2.1, but for TRACE.
var safeMethods = map[string]bool{http.MethodGet: true, http.MethodHead: true, http.MethodOptions: true}

// withGrace decides a request by its expired session token while Clerk cannot
// be reached; nil when the token is not to pass. A handshake would end at a
// server that does not answer.
//
// Nothing but the time is forgiven, and nothing may come of the request that
// lasts: it changes nothing, opens no channel, and is for the organization that
// is active.
func (q *request) withGrace(token *verifier.Token) *State {
	grace := q.auth.options.Grace
	if grace == nil || !safeMethods[q.http.Method] || isUpgrade(q.http) {
		return nil
	}
	want := q.requirements()
	want.ExpiredFor = grace.For
	claims, err := q.auth.options.Verifier.VerifyParsed(q.http.Context(), token, want)
	if err != nil || !grace.Unreachable() {
		return nil
	}
	if target, ok := q.organizationTarget(); ok && target.differs(claims.Organization) {
		return nil
	}
	q.auth.warn(&q.auth.graceWarning, "sessions that have expired pass for now, since Clerk cannot be reached to renew them", "grace", grace.For)
	s := q.signedIn(token.String(), claims)
	s.Grace, s.Message = ReasonOutageGrace, graceMessage
	return s
}
