// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

// Record is everything that is compared about a decision.
type Record struct {
	Status           string   `json:"status"`
	Reason           string   `json:"reason"`
	Location         string   `json:"location"`
	Cookies          []string `json:"cookies"`
	CacheControl     string   `json:"cacheControl"`
	AllowOrigin      string   `json:"allowOrigin"`
	AllowCredentials string   `json:"allowCredentials"`
	AuthStatus       string   `json:"authStatus"`
	AuthReason       string   `json:"authReason"`
	Identity         Identity `json:"identity"`
	SignIn           string   `json:"signIn"`
	// Loop tells that redirecting did not help.
	Loop bool `json:"loop"`
	// Error is what the reference threw. This project never does.
	Error string `json:"error"`

	// Unavailable and Refused are flags of this project's. The reference has
	// none like them; what they ought to be follows from the rest.
	Unavailable bool `json:"-"`
	Refused     bool `json:"-"`
}

// Identity is what an application learns about who is there.
type Identity struct {
	UserID         string   `json:"userId"`
	SessionID      string   `json:"sessionId"`
	SessionStatus  string   `json:"sessionStatus"`
	OrgID          string   `json:"orgId"`
	OrgSlug        string   `json:"orgSlug"`
	OrgRole        string   `json:"orgRole"`
	OrgPermissions []string `json:"orgPermissions"`
	Actor          string   `json:"actor"`
}
