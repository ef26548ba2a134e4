// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// legacyCase is one request in the older protocol, with its configuration and
// all that it needs to be run again but the public keys.
type legacyCase struct {
	ID          int  `json:"id"`
	Development bool `json:"development"`
	// Keys says where the keys come from: "jwks", "pem", or "outage" for a key
	// set that cannot be had.
	Keys string `json:"keys"`
	// Issuer is the only one that this project accepts.
	Issuer            string   `json:"issuer"`
	AuthorizedParties []string `json:"authorizedParties,omitempty"`
	// Trusted tells that the forwarded headers come from a trusted proxy.
	Trusted bool `json:"trusted,omitempty"`
	// Now is the time in milliseconds since the epoch.
	Now     int64       `json:"now"`
	Scheme  string      `json:"scheme"`
	Host    string      `json:"host"`
	Headers [][2]string `json:"headers"`
	Cookies [][2]string `json:"cookies"`
	// StandIns are tokens on which the two sides differ on purpose.
	StandIns []legacyStandIn `json:"standIns,omitempty"`
}

// legacyStandIn is a token, and one that the reference decides on as this
// project does on the first.
type legacyStandIn struct {
	Differences []string `json:"differences"`
	Token       string   `json:"token"`
	Instead     string   `json:"instead"`
}

// header gives the first value of a header field.
func (c *legacyCase) header(name string) string {
	for _, field := range c.Headers {
		if field[0] == name {
			return strings.TrimSpace(field[1])
		}
	}
	return ""
}

// origin gives all Origin header fields as one.
func (c *legacyCase) origin() string {
	var lines []string
	for _, field := range c.Headers {
		if field[0] == "Origin" {
			lines = append(lines, field[1])
		}
	}
	return strings.Join(lines, ", ")
}

// setHeader replaces a header field by one with another value, or by none.
func (c *legacyCase) setHeader(name, value string) {
	c.Headers = slices.DeleteFunc(slices.Clone(c.Headers), func(field [2]string) bool { return field[0] == name })
	if value != "" {
		c.Headers = append(c.Headers, [2]string{name, value})
	}
}

// cookie gives the first cookie of a name.
func (c *legacyCase) cookie(name string) (value string, ok bool) {
	for _, pair := range c.Cookies {
		if pair[0] == name {
			return pair[1], true
		}
	}
	return "", false
}

// setCookie replaces all cookies of a name by one with another value, or by
// none.
func (c *legacyCase) setCookie(name, value string) {
	c.Cookies = slices.DeleteFunc(slices.Clone(c.Cookies), func(pair [2]string) bool { return pair[0] == name })
	if value != "" {
		c.Cookies = append(c.Cookies, [2]string{name, value})
	}
}

// address is the scheme and the host that the request was sent to.
func (c *legacyCase) address() (scheme, host string) {
	scheme, host = c.Scheme, c.Host
	if forwarded := c.header("X-Forwarded-Proto"); c.Trusted && forwarded != "" {
		scheme = forwarded
	}
	if forwarded := c.header("X-Forwarded-Host"); c.Trusted && forwarded != "" {
		host = forwarded
	}
	return scheme, host
}

// legacyRecord is what is compared of a decision.
type legacyRecord struct {
	Status    string `json:"status"`
	Reason    string `json:"reason"`
	UserID    string `json:"userId"`
	SessionID string `json:"sessionId"`
	// Error is what the reference threw. This project never does.
	Error string `json:"error"`
	// Unavailable is a flag of this project's. What it ought to be follows from
	// the rest.
	Unavailable bool `json:"-"`
}

// diff lists the fields in which two records differ.
func (r *legacyRecord) diff(other *legacyRecord) []string {
	var lines []string
	a, b := reflect.ValueOf(*r), reflect.ValueOf(*other)
	for i := range a.NumField() {
		if left, right := a.Field(i).Interface(), b.Field(i).Interface(); left != right {
			lines = append(lines, fmt.Sprintf("%s: expected %v, got %v", a.Type().Field(i).Name, left, right))
		}
	}
	return lines
}

// legacySetUp is what both sides are told of the instance's keys.
type legacySetUp struct {
	JWKS json.RawMessage `json:"jwks"`
	// JWTKey is the public key without the lines around it, which is the form
	// that the reference reads.
	JWTKey string `json:"jwtKey"`
}

func legacySetUpOf(s *signer) *legacySetUp {
	block, _ := pem.Decode([]byte(s.pem()))
	return &legacySetUp{JWKS: s.jwks(), JWTKey: base64.StdEncoding.EncodeToString(block.Bytes)}
}

// askLegacy runs the reference on the cases and gives its answers, in order.
func askLegacy(setUp *legacySetUp, cases []*legacyCase) ([]*legacyRecord, error) {
	answers, err := ask[*legacyCase, *legacyRecord]("legacy.mjs", setUp, cases)
	if err != nil {
		return nil, err
	}
	for i, answer := range answers {
		answer.Unavailable = cases[i].Keys == "outage" && answer.Reason == "pk-fetch-error"
	}
	return answers, nil
}
