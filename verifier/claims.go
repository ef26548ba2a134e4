// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"bytes"
	"encoding/json"
	"math"
	"time"
)

// Claims is what a verified session token says, the same for versions 1 and
// 2 of the token format
// (https://clerk.com/docs/guides/sessions/session-tokens).
type Claims struct {
	// Version is the token format's: 1 or 2.
	Version   int
	UserID    string // sub
	SessionID string // sid
	// SessionStatus is "active", "pending" while a session task is left to do,
	// or empty in tokens from before there were tasks.
	SessionStatus   string // sts
	Issuer          string // iss
	AuthorizedParty string // azp; empty when the token names none
	Audiences       []string
	ExpiresAt       time.Time
	NotBefore       time.Time // zero when absent
	IssuedAt        time.Time // zero when absent

	Organization *Organization // nil without an active organization
	Features     []Scoped      // fea
	Plans        []Scoped      // pla
	FactorAges   *FactorAges   // nil when absent or unreadable
	Actor        *Actor        // nil unless someone impersonates the user

	raw []byte
}

// Organization is the active organization.
type Organization struct {
	ID   string
	Slug string
	// Role begins with "org:"; empty when the token names none.
	Role string
	// Permissions are complete names, "org:<feature>:<permission>".
	Permissions []string
}

// Scoped is a feature or a plan with whom it belongs to: "o" the organization,
// "u" the user, "ou" or "uo" both.
type Scoped struct {
	Scope string
	Name  string
}

// FactorAges says how long ago the factors were verified.
type FactorAges struct {
	// First and Second are in minutes; -1 means never.
	First, Second int
}

// Actor is who acts as the user.
type Actor struct {
	Subject   string // sub
	Issuer    string // iss
	SessionID string // sid
	Type      string // type, such as "agent"; often empty
}

// sessionPending is the status of a session with a task left to do.
const sessionPending = "pending"

// Pending tells whether a session task is left to do. Such a session must not
// pass for a signed-in one.
func (c *Claims) Pending() bool { return c.SessionStatus == sessionPending }

// JSON gives the payload as it was signed. It must not be changed.
func (c *Claims) JSON() json.RawMessage { return c.raw }

// trustedClaims reads the payload. It is called on verified tokens only.
func (t *Token) trustedClaims() *Claims {
	p := t.payload
	c := &Claims{
		Version:    1,
		Audiences:  t.facts.audiences,
		ExpiresAt:  p.moment("exp"),
		NotBefore:  p.moment("nbf"),
		IssuedAt:   p.moment("iat"),
		Features:   p.scoped("fea"),
		Plans:      p.scoped("pla"),
		FactorAges: factorAges(p["fva"]),
		Actor:      actor(p["act"]),
		raw:        t.claims,
	}
	c.UserID, _ = p.text("sub")
	c.SessionID, _ = p.text("sid")
	c.SessionStatus, _ = p.text("sts")
	c.Issuer, _ = p.text("iss")
	c.AuthorizedParty, _ = p.text("azp")
	if p.number("v") == 2 {
		c.Version = 2
		c.Organization = organizationV2(p["o"], c.Features)
		return c
	}
	c.Organization = organizationV1(p)
	return c
}

func organizationV1(p object) *Organization {
	id, _ := p.text("org_id")
	if id == "" {
		return nil
	}
	o := &Organization{ID: id}
	o.Slug, _ = p.text("org_slug")
	o.Role, _ = p.text("org_role")
	o.Permissions, _ = texts(p["org_permissions"])
	return o
}

func organizationV2(raw json.RawMessage, features []Scoped) *Organization {
	var members object
	if len(raw) == 0 || json.Unmarshal(raw, &members) != nil {
		return nil
	}
	id, _ := members.text("id")
	if id == "" {
		return nil
	}
	o := &Organization{ID: id}
	o.Slug, _ = members.text("slg")
	if role, _ := members.text("rol"); role != "" {
		o.Role = "org:" + role
	}
	names, _ := members.text("per")
	masks, _ := members.text("fpm")
	o.Permissions = permissions(features, names, masks)
	return o
}

// factorAges reads "fva". Anything but two whole numbers counts as absent, so
// that whoever demands a fresh factor is not satisfied by nonsense.
func factorAges(raw json.RawMessage) *FactorAges {
	var ages []int
	if len(raw) == 0 || json.Unmarshal(raw, &ages) != nil || len(ages) != 2 || ages[0] < -1 || ages[1] < -1 {
		return nil
	}
	// A null in the list would have read as zero, which means "just now".
	if bytes.Contains(raw, []byte("null")) {
		return nil
	}
	return &FactorAges{First: ages[0], Second: ages[1]}
}

func actor(raw json.RawMessage) *Actor {
	var members object
	if len(raw) == 0 || json.Unmarshal(raw, &members) != nil || members == nil {
		return nil
	}
	a := new(Actor)
	a.Subject, _ = members.text("sub")
	a.Issuer, _ = members.text("iss")
	a.SessionID, _ = members.text("sid")
	a.Type, _ = members.text("type")
	return a
}

// latest is the last moment that a time claim is taken at its word for; it
// keeps absurd numbers within what time.Time can compute with.
const latest = 1 << 40

func (o object) moment(name string) time.Time {
	seconds := o.number(name)
	if math.IsNaN(seconds) {
		return time.Time{}
	}
	return time.Unix(int64(math.Max(-latest, math.Min(latest, seconds))), 0)
}
