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
	TokenType        string   `json:"tokenType"`
	Identity         Identity `json:"identity"`
	Machine          Machine  `json:"machine"`
	// Refreshed and Asked are what the Backend API was asked for a refreshed
	// session with, and about a machine token.
	Refreshed string `json:"refreshed"`
	Asked     string `json:"asked"`
	SignIn    string `json:"signIn"`
	// Loop tells that redirecting did not help.
	Loop bool `json:"loop"`
	// Error is what the reference threw. This project never does.
	Error string `json:"error"`

	// Unavailable and Refused are flags of this project's. The reference has
	// none like them; what they ought to be follows from the rest.
	Unavailable bool `json:"-"`
	Refused     bool `json:"-"`
}

// Machine is what an application learns about a machine token.
type Machine struct {
	ID       string `json:"id"`
	Subject  string `json:"subject"`
	Name     string `json:"name"`
	ClientID string `json:"clientId"`
	// Scopes is a JSON text.
	Scopes string `json:"scopes"`
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
