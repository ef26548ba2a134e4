// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"maps"
	"strconv"
	"strings"
	"time"
)

// sessionCategory is the class of token that a session's header names in "cat".
const sessionCategory = "cl_B7d4PD111AAA"

// TokenOption alters a token that Token makes.
type TokenOption func(*tokenSpec)

type tokenSpec struct {
	issuedAt time.Time
	claims   map[string]any
}

// IssuedAt makes the token as of another time than now.
func IssuedAt(t time.Time) TokenOption {
	return func(s *tokenSpec) { s.issuedAt = t }
}

// WithClaims sets claims over the usual ones; a nil value removes a claim.
func WithClaims(claims map[string]any) TokenOption {
	return func(s *tokenSpec) { s.claims = claims }
}

// Token makes a fresh session token for one of the known users, named as "alice"
// or "user_alice". It starts a session for that user if there is none.
func (e *Emulator) Token(user, azp string, options ...TokenOption) (string, error) {
	p, err := e.people.find(user)
	if err != nil {
		return "", err
	}
	spec := tokenSpec{issuedAt: e.now()}
	for _, option := range options {
		option(&spec)
	}
	claims := e.sessionClaims(e.store.directSession(p, spec.issuedAt), azp, spec.issuedAt)
	maps.Copy(claims, spec.claims)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return e.Sign(sessionHeader(), claims)
}

func sessionHeader() map[string]any { return map[string]any{"cat": sessionCategory} }

// sessionClaims are those of Clerk's second token format.
func (e *Emulator) sessionClaims(s session, azp string, now time.Time) map[string]any {
	issued := now.Unix()
	claims := map[string]any{
		"v":     2,
		"sub":   s.person.ID,
		"sid":   s.id,
		"iss":   e.Issuer(),
		"iat":   issued,
		"nbf":   issued - 10,
		"exp":   issued + int64(e.lifetime/time.Second),
		"jti":   newID(""),
		"fva":   s.factorAges(now),
		"sts":   "active",
		"name":  s.person.Name,
		"email": s.person.Email,
	}
	if azp != "" {
		claims["azp"] = azp
	}
	if s.pending {
		claims["sts"] = "pending"
	}
	if o, isActive := organizationOf(s.organization); isActive && !s.pending {
		claims["o"] = o.claim(s.person.Roles[o.ID])
		claims["fea"] = "o:" + strings.Join(features, ",o:")
	}
	return claims
}

func (o organization) claim(role string) map[string]any {
	bits := make([]string, len(masks[role]))
	for i, mask := range masks[role] {
		bits[i] = strconv.Itoa(mask)
	}
	return map[string]any{
		"id":  o.ID,
		"slg": o.Slug,
		"rol": role,
		"per": strings.Join(actions, ","),
		"fpm": strings.Join(bits, ","),
	}
}

// factorAges are the minutes since the person gave each factor. Nobody has a
// second one.
func (s session) factorAges(now time.Time) []int {
	return []int{max(0, int(now.Sub(s.started)/time.Minute)), -1}
}

// sessionToken is a fresh token of a session for one origin.
func (e *Emulator) sessionToken(s session, azp string, now time.Time) (string, error) {
	return e.Sign(sessionHeader(), e.sessionClaims(s, azp, now))
}
