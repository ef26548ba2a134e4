// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"encoding/json"
	"strconv"
	"strings"
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

	text string // the payload
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

// JSON gives the payload as it was signed.
func (c *Claims) JSON() json.RawMessage { return json.RawMessage(c.text) }

// readClaims reads the payload. It is called on verified tokens only.
func (t *Token) readClaims(v *verification) {
	p, c := &t.parts.payload, &v.claims
	*c = Claims{
		Version:         1,
		Audiences:       t.facts.audiences,
		AuthorizedParty: t.facts.authorizedParty,
		Issuer:          t.facts.issuer,
		ExpiresAt:       t.facts.expiry.time(),
		NotBefore:       t.facts.notBefore.time(),
		IssuedAt:        t.facts.issuedAt.time(),
		Features:        p.scoped(memberFeatures),
		Plans:           p.scoped(memberPlans),
		Actor:           p.actor(),
		text:            p.text,
	}
	c.UserID, _ = p.string(memberSubject)
	c.SessionID, _ = p.string(memberSessionID)
	c.SessionStatus, _ = p.string(memberStatus)
	if p.number(memberVersion) == 2 {
		c.Version = 2
		v.organization = p.organizationV2(c.Features)
	} else {
		v.organization = p.organizationV1()
	}
	if v.organization.ID != "" {
		c.Organization = &v.organization
	}
	var ok bool
	if v.ages, ok = factorAges(p.raw(memberFactorAges)); ok {
		c.FactorAges = &v.ages
	}
}

// organizationV1 reads the active organization; one without an ID is none.
func (o *object) organizationV1() (organization Organization) {
	organization.ID, _ = o.string(memberOrganizationID)
	organization.Slug, _ = o.string(memberOrganizationSlug)
	organization.Role, _ = o.string(memberOrganizationRole)
	organization.Permissions, _ = o.strings(memberOrganizationPermissions)
	return organization
}

func (o *object) organizationV2(features []Scoped) (organization Organization) {
	inner, ok := o.nested(memberOrganization)
	if !ok {
		return organization
	}
	organization.ID, _ = inner.string(memberID)
	organization.Slug, _ = inner.string(memberSlug)
	if role, _ := inner.string(memberRole); role != "" {
		organization.Role = "org:" + role
	}
	names, _ := inner.string(memberPermissions)
	masks, _ := inner.string(memberMasks)
	organization.Permissions = permissions(features, names, masks)
	return organization
}

// factorAges reads "fva". Anything but two whole numbers counts as absent, so
// that whoever demands a fresh factor is not satisfied by nonsense.
func factorAges(list string) (ages FactorAges, ok bool) {
	first, second, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(list, "["), "]"), ",")
	if !ok || list[0] != '[' {
		return ages, false
	}
	var errFirst, errSecond error
	ages.First, errFirst = strconv.Atoi(strings.TrimSpace(first))
	ages.Second, errSecond = strconv.Atoi(strings.TrimSpace(second))
	return ages, errFirst == nil && errSecond == nil && ages.First >= -1 && ages.Second >= -1
}

func (o *object) actor() *Actor {
	inner, ok := o.nested(memberActor)
	if !ok {
		return nil
	}
	a := new(Actor)
	a.Subject, _ = inner.string(memberSubject)
	a.Issuer, _ = inner.string(memberIssuer)
	a.SessionID, _ = inner.string(memberSessionID)
	a.Type, _ = inner.string(memberKind)
	return a
}
