// SPDX-License-Identifier: Apache-2.0

package legacy

import (
	"net/http"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// Status is what a request was found to be, in the words of the reference.
type Status string

// The three outcomes.
const (
	SignedIn     Status = "Signed in"
	SignedOut    Status = "Signed out"
	Interstitial Status = "Interstitial"
)

// The reasons for not being signed in. They are the reference's, less those
// that no request can cause here: a missing or unusable key is found when the
// configuration is read.
const (
	ReasonHeaderMissingNonBrowser = "header-missing-non-browser"
	ReasonHeaderMissingCORS       = "header-missing-cors"
	ReasonUATMissing              = "uat-missing"
	ReasonCrossOriginReferrer     = "cross-origin-referrer"
	ReasonCookieAndUATMissing     = "cookie-and-uat-missing"
	ReasonStandardSignedOut       = "standard-signed-out"
	ReasonCookieMissing           = "cookie-missing"
	ReasonCookieOutdated          = "cookie-outdated"
	ReasonUnknown                 = "unknown"

	ReasonHeaderExpired            = "header-expired"
	ReasonHeaderEarly              = "header-early"
	ReasonHeaderInvalid            = "header-invalid"
	ReasonHeaderInvalidIssuer      = "header-invalid-issuer"
	ReasonHeaderUnauthorizedParty  = "header-unauthorized-party"
	ReasonHeaderVerificationFailed = "header-verification-failed"
	ReasonCookieExpired            = "cookie-expired"
	ReasonCookieEarly              = "cookie-early"
	ReasonCookieInvalid            = "cookie-invalid"
	ReasonCookieInvalidIssuer      = "cookie-invalid-issuer"
	ReasonCookieUnauthorizedParty  = "cookie-unauthorized-party"
	ReasonCookieVerificationFailed = "cookie-verification-failed"
	ReasonPublicKeyFetchError      = "pk-fetch-error"
	ReasonInternalError            = "internal-error"
)

// State is what a request was found to be. Authenticate alone makes one, and
// nothing changes it.
type State struct {
	Status Status
	// Reason is empty when signed in.
	Reason string
	// Message explains to a person why a token was refused. It holds no part of
	// it but short, quoted claims.
	Message string
	// Token and Claims are set when signed in, and only then.
	Token  string
	Claims *verifier.Claims
	// Unavailable tells that nothing could be decided, since Clerk's keys could
	// not be had. A gate should answer 503 and not ask for a sign-in.
	Unavailable bool
}

// IsSignedIn tells whether somebody is signed in and nothing is left to do.
func (s *State) IsSignedIn() bool { return s.Status == SignedIn && !s.Claims.Pending() }

// IsPending tells whether somebody is signed in who has a session task left.
// The protocol is older than such tasks.
func (s *State) IsPending() bool { return s.Status == SignedIn && s.Claims.Pending() }

// Apply sets the headers that explain a State in a response: Auth-Result, as
// the SDKs of that time did, and for the interstitial page that nobody keeps it.
func (s *State) Apply(h http.Header) {
	h.Del("Auth-Result")
	if s.Reason != "" {
		h.Set("Auth-Result", s.Reason)
	}
	if s.Status == Interstitial {
		h.Set("Cache-Control", "no-store")
	}
}
