// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"net/url"
	"slices"
	"strings"
)

// notFound is what the Backend API answers when there is nothing else to play.
var notFound = Answer{404, "application/json", `{"errors":[{"code":"resource_not_found"}]}`}

// isOutage tells whether an answer says nothing about what was asked.
func isOutage(a *Answer) bool { return a.Status == 0 || a.Status == 429 || a.Status >= 500 }

// OptionSet is one configuration, for both sides.
type OptionSet struct {
	Name              string   `json:"name"`
	PublishableKey    string   `json:"publishableKey"`
	SecretKey         string   `json:"secretKey"`
	JWTKey            string   `json:"jwtKey,omitempty"`
	ProxyURL          string   `json:"proxyUrl,omitempty"`
	SignInURL         string   `json:"signInUrl,omitempty"`
	AuthorizedParties []string `json:"authorizedParties,omitempty"`
	Audience          []string `json:"audience,omitempty"`
	// Issuer lists the issuers that are accepted. Without any, this project
	// accepts the instance's, and the reference every one.
	Issuer []string `json:"issuer,omitempty"`
	// ClockSkew is in milliseconds; nil for the default.
	ClockSkew *int64 `json:"clockSkewInMs,omitempty"`
	// Keys says what becomes of fetching the keys: nothing unusual when empty,
	// or "outage", or "refused" when the secret key is not known.
	Keys string `json:"keys,omitempty"`

	IsSatellite       bool   `json:"isSatellite,omitempty"`
	Domain            string `json:"domain,omitempty"`
	SatelliteAutoSync bool   `json:"satelliteAutoSync,omitempty"`
	// Organizations says which paths are an organization's, or nobody's.
	Organizations *OrganizationPaths `json:"organizationSyncOptions,omitempty"`
	// AcceptsToken lists types of tokens; session tokens alone when empty. One
	// by itself is not given to the reference as a list.
	AcceptsToken []string `json:"acceptsToken,omitempty"`
}

// OrganizationPaths is the patterns of organization sync.
type OrganizationPaths struct {
	Organization []string `json:"organizationPatterns,omitempty"`
	Personal     []string `json:"personalAccountPatterns,omitempty"`
}

// Answer is what the Backend API is played to answer.
type Answer struct {
	// Status is zero when the connection is dropped instead.
	Status int    `json:"status"`
	Type   string `json:"type,omitempty"`
	Body   string `json:"body,omitempty"`
}

// Case is one request under one configuration, with all that it needs to be
// run again but the public keys.
type Case struct {
	ID      int       `json:"id"`
	Options OptionSet `json:"options"`
	// Now is the time in milliseconds since the epoch.
	Now     int64       `json:"now"`
	Method  string      `json:"method"`
	Scheme  string      `json:"scheme"`
	Host    string      `json:"host"`
	Target  string      `json:"target"`
	Headers [][2]string `json:"headers"`
	// Payloads holds what the Backend API knows about nonces of handshakes.
	Payloads map[string][]string `json:"payloads,omitempty"`
	// Refresh is the answer to refreshing a session, Machine that to verifying a
	// machine token; each a 404 when nil.
	Refresh *Answer `json:"refresh,omitempty"`
	Machine *Answer `json:"machine,omitempty"`
	// CleanReturn asks the reference for a sign-in URL that leads back without
	// the parameters of the handshake protocol.
	CleanReturn bool `json:"cleanReturn,omitempty"`
	// StandIns are tokens on which the two sides differ on purpose, each with
	// one that the reference decides on as this project does on the first.
	StandIns []StandIn `json:"standIns,omitempty"`
	// HandshakeRefusal is the reason this project refuses the handshake token
	// of the request for, where the reference does not.
	HandshakeRefusal string `json:"handshakeRefusal,omitempty"`
	// UnusablePayload and UnusableRefresh tell that Payloads or Refresh hold what
	// cannot be sent on.
	UnusablePayload bool `json:"unusablePayload,omitempty"`
	UnusableRefresh bool `json:"unusableRefresh,omitempty"`
	// RefreshJudged asks the reference to refresh the token that it has judged.
	RefreshJudged bool `json:"refreshJudged,omitempty"`
	// StrangeSatellite tells that the request asks for being sent where this
	// project does not send a development browser's token.
	StrangeSatellite bool `json:"strangeSatellite,omitempty"`
	// SpentMachine tells that the API answers with a machine token that is good
	// no more, or is nobody's.
	SpentMachine bool `json:"spentMachine,omitempty"`
	// HandshakeNeedsKeys tells that the handshake of the request cannot be
	// decided on without the instance's keys.
	HandshakeNeedsKeys bool `json:"handshakeNeedsKeys,omitempty"`
}

// StandIn is a token and one that takes its place.
type StandIn struct {
	Difference string `json:"difference"`
	Token      string `json:"token"`
	Instead    string `json:"instead"`
}

// accepts tells whether tokens of a type are accepted.
func (o *OptionSet) accepts(tokenType string) bool {
	if len(o.AcceptsToken) == 0 {
		return tokenType == sessionToken
	}
	return slices.Contains(o.AcceptsToken, tokenType) || slices.Contains(o.AcceptsToken, "any")
}

// acceptsMachines tells whether any but session tokens are accepted.
func (o *OptionSet) acceptsMachines() bool {
	return o.accepts(apiKey) || o.accepts(m2mToken) || o.accepts(oauthToken)
}

// The types of tokens.
const (
	sessionToken = "session_token"
	apiKey       = "api_key"
	m2mToken     = "m2m_token"
	oauthToken   = "oauth_token" //nolint:gosec // It is a type, not a credential.
)

// header gives the first value of a header field.
func (c *Case) header(name string) string {
	for _, field := range c.Headers {
		if field[0] == name {
			return field[1]
		}
	}
	return ""
}

// cookies gives all Cookie header fields as one.
func (c *Case) cookies() string {
	var lines []string
	for _, field := range c.Headers {
		if field[0] == "Cookie" {
			lines = append(lines, field[1])
		}
	}
	return strings.Join(lines, "; ")
}

// query gives the first value of a query parameter.
func (c *Case) query(name string) string {
	target, _, _ := strings.Cut(c.Target, "#")
	_, query, _ := strings.Cut(target, "?")
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if formDecode(key) == name {
			return formDecode(value)
		}
	}
	return ""
}

// without gives the header fields less some.
func (c *Case) without(names ...string) [][2]string {
	var kept [][2]string
	for _, field := range c.Headers {
		drop := false
		for _, name := range names {
			drop = drop || field[0] == name
		}
		if !drop {
			kept = append(kept, field)
		}
	}
	return kept
}

// formDecode decodes what it can of a query's name or value.
func formDecode(text string) string {
	decoded, err := url.QueryUnescape(text)
	if err != nil {
		return text
	}
	return decoded
}
