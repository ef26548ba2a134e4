// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"net/url"
	"strings"
)

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
	// CleanReturn asks the reference for a sign-in URL that leads back without
	// the parameters of the handshake protocol.
	CleanReturn bool `json:"cleanReturn,omitempty"`
	// StandIns are tokens on which the two sides differ on purpose, each with
	// one that the reference decides on as this project does on the first.
	StandIns []StandIn `json:"standIns,omitempty"`
	// HandshakeRefusal is the reason this project refuses the handshake token
	// of the request for, where the reference does not.
	HandshakeRefusal string `json:"handshakeRefusal,omitempty"`
	// UnusablePayload tells that Payloads holds what cannot be sent on.
	UnusablePayload bool `json:"unusablePayload,omitempty"`
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
