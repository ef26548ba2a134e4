// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// Status is what a request was found to be.
type Status string

// The three outcomes.
const (
	SignedIn  Status = "signed-in"
	SignedOut Status = "signed-out"
	Handshake Status = "handshake"
)

// The reasons for not being signed in, beside those of package verifier. They
// are those of Clerk's SDK.
const (
	ReasonClientUATWithoutSessionToken   = "client-uat-but-no-session-token" //nolint:gosec // It is a reason, not a credential.
	ReasonDevBrowserMissing              = "dev-browser-missing"
	ReasonDevBrowserSync                 = "dev-browser-sync"
	ReasonPrimaryDomainCrossOriginSync   = "primary-domain-cross-origin-sync"
	ReasonSessionTokenAndUATMissing      = "session-token-and-uat-missing"
	ReasonSessionTokenMissing            = "session-token-missing"
	ReasonSessionTokenExpired            = "session-token-expired"
	ReasonSessionTokenIATBeforeClientUAT = "session-token-iat-before-client-uat"
	ReasonSessionTokenNBF                = "session-token-nbf"
	ReasonSessionTokenIatInTheFuture     = "session-token-iat-in-the-future"
	ReasonSessionTokenWithoutClientUAT   = "session-token-but-no-client-uat"
	ReasonSatelliteNeedsSyncing          = "satellite-needs-syncing"
	ReasonPrimaryRespondsToSyncing       = "primary-responds-to-syncing"
	ReasonActiveOrganizationMismatch     = "active-organization-mismatch"
)

// ReasonSessionPending is what a gate gives as its reason for a session with
// a task left to do. The State of such a session is signed-in.
const ReasonSessionPending = "session-pending"

// State is what a request was found to be. Authenticate alone makes one, once
// for a request, and nothing changes it.
type State struct {
	Status Status
	// Reason is empty when signed in.
	Reason string
	// Grace is empty, or ReasonOutageGrace when the session has expired, and
	// passes since Clerk cannot be reached.
	Grace string
	// Message explains the reason to a person. It holds no part of a token but
	// short, quoted claims.
	Message string
	// TokenType is the type of the token that was judged; empty for one that is
	// not accepted, where several types are.
	TokenType string
	// Token is set when signed in, and only then; and with it Claims for a
	// session, or else Machine.
	Token   string
	Claims  *verifier.Claims
	Machine *Machine

	// Location is where to redirect to, with status 307; empty for nowhere. A
	// State that is not a handshake can have one too, when a handshake came
	// back in the address and is to vanish from it.
	Location string
	// Cookies are Set-Cookie directives for the response. They were signed by
	// the instance, or fetched from it, or count redirects.
	Cookies []string
	// Returned tells that a handshake came back with this request, and ByScript
	// that a script made it. Clerk's SDK lets whoever was redirected here from
	// another origin read the answer; a stranger's script, which can bring a
	// handshake of its own along, must not be let to.
	Returned, ByScript bool

	// Unavailable tells that nothing could be decided, since Clerk's keys could
	// not be had, or Clerk not be asked. A gate should answer 503 and not ask for
	// a sign-in.
	Unavailable bool
	// Loop tells that redirecting did not help several times in a row. A gate
	// should not redirect again, anywhere.
	Loop bool
	// Rejected tells that a session token was there and was refused for what
	// time does not mend. Clerk's sign-in page may know the person all the same.
	Rejected bool
	// Refused tells that a development instance's handshake came back with a
	// token that is not the instance's: the keys do not belong together.
	Refused bool

	// hadHeaderToken is noted, and not read from the request when it is asked
	// for: whoever passes a request on may have taken its credentials out.
	hadHeaderToken bool

	request *request
}

// IsSignedIn tells whether somebody is signed in and nothing is left to do.
func (s *State) IsSignedIn() bool { return s.Status == SignedIn && !s.IsPending() }

// IsPending tells whether somebody is signed in who has a session task left.
func (s *State) IsPending() bool {
	return s.Status == SignedIn && s.Claims != nil && s.Claims.Pending()
}

// AcceptsSessions tells whether a person's session would be accepted, so that
// signing in is of use.
func (s *State) AcceptsSessions() bool { return s.request.auth.accepts.has(SessionToken) }

// explains tells whether the State is worth the X-Clerk-Auth headers.
func (s *State) explains() bool { return s.Status != SignedIn || s.Grace != "" }

// Names of the response headers that explain a State.
const (
	headerStatus  = "X-Clerk-Auth-Status"
	headerReason  = "X-Clerk-Auth-Reason"
	headerMessage = "X-Clerk-Auth-Message"
)

// Apply adds what the State asks for to the headers of a response: cookies,
// the redirect's location, and the three X-Clerk-Auth headers that say why.
func (s *State) Apply(h http.Header) {
	// Another gate may have said otherwise of the same request.
	if _, ok := h[headerStatus]; ok {
		delete(h, headerStatus)
		delete(h, headerReason)
		delete(h, headerMessage)
	}
	if s.explains() {
		SetReason(h, string(s.Status), cmp.Or(s.Reason, s.Grace), s.Message)
	}
	s.SetCookies(h)
	if s.Returned && !s.ByScript {
		h.Set("Access-Control-Allow-Origin", "null")
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if s.Location != "" {
		h.Set("Location", s.Location)
	}
	// Browsers keep redirects of tabs they put to sleep.
	if s.Location != "" {
		h.Set("Cache-Control", "no-store")
	}
}

// SetCookies adds the State's cookies to the headers of a response, which
// nobody else may then ever be given.
func (s *State) SetCookies(h http.Header) {
	for _, cookie := range s.Cookies {
		if !slices.Contains(h["Set-Cookie"], cookie) {
			h.Add("Set-Cookie", cookie)
		}
	}
	if len(s.Cookies) > 0 {
		h.Set("Cache-Control", "no-store")
	}
}

// SetReason sets the headers by which Clerk's SDKs explain a decision, but for
// those that are empty.
func SetReason(h http.Header, status, reason, message string) {
	if status != "" {
		h.Set(headerStatus, status)
	}
	if reason != "" {
		h.Set(headerReason, reason)
	}
	if message != "" {
		h.Set(headerMessage, headerSafe(message))
	}
}

// headerSafe keeps a text within what a header value can carry.
func headerSafe(text string) string {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' {
			quoted := strconv.QuoteToASCII(text)
			return quoted[1 : len(quoted)-1]
		}
	}
	return text
}

// IsDocument tells whether the request is a person's navigation, which may be
// redirected.
func (s *State) IsDocument() bool { return s.request.isDocument() }

// HadHeaderToken tells whether the request brought a token in its
// Authorization header.
func (s *State) HadHeaderToken() bool { return s.hadHeaderToken }
