// SPDX-License-Identifier: Apache-2.0

package access

import (
	"slices"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// Params is what Has is asked. A nil member is not asked. One that points to an
// empty name is, and nobody has it, so that a name that is missing by accident
// does not drop a demand.
type Params struct {
	// Role is of the active organization, with or without "org:".
	Role *string
	// Permission is of the active organization, "org:<feature>:<permission>",
	// with or without "org:".
	Permission *string
	// Feature is a name, which the organization or the user may have, or begins
	// with whose it must be: "org:" or "user:", for which "o:", "organization:"
	// and "u:" stand as well.
	Feature *string
	// Plan is written as Feature is.
	Plan           *string
	Reverification *Reverification
}

// Has tells whether a session has all that is asked of it. When nothing is
// asked, it does not; nor does a session with a task left to do, which counts
// as signed out, as in Clerk's SDK unless that is told otherwise.
func Has(c *verifier.Claims, p Params) bool {
	return signedIn(c) && p != (Params{}) &&
		(p.Role == nil || hasRole(c, organizations(*p.Role))) &&
		(p.Permission == nil || hasPermission(c, organizations(*p.Permission))) &&
		(p.Feature == nil || hasFeature(c, entitlement(*p.Feature))) &&
		(p.Plan == nil || hasPlan(c, entitlement(*p.Plan))) &&
		(p.Reverification == nil || p.Reverification.satisfiedBy(c.FactorAges))
}

// HasScope tells whether a machine's token has a scope, which is compared
// exactly (RFC 6749, section 3.3).
func HasScope(scopes []string, scope string) bool {
	return scope != "" && slices.Contains(scopes, scope)
}

func signedIn(c *verifier.Claims) bool { return c != nil && c.UserID != "" && !c.Pending() }

func hasRole(c *verifier.Claims, role value) bool {
	return role.name != "" && c.Organization != nil && withoutOrg(c.Organization.Role) == role.name
}

// hasPermission compares with the token's permissions as they are, prefix and
// all: only what is asked for is normalized.
func hasPermission(c *verifier.Claims, permission value) bool {
	if permission.name == "" || c.Organization == nil {
		return false
	}
	for _, held := range c.Organization.Permissions {
		if name, ok := strings.CutPrefix(held, orgPrefix); ok && name == permission.name {
			return true
		}
	}
	return false
}

func hasFeature(c *verifier.Claims, feature value) bool { return holds(c.Features, feature) }

func hasPlan(c *verifier.Claims, plan value) bool { return holds(c.Plans, plan) }

// holds reads the list to its end: an element that cannot be read spoils all of
// it, as in Clerk's SDK.
func holds(list []verifier.Scoped, asked value) bool {
	found := false
	for _, held := range list {
		if held.Scope == "" || held.Name == "" {
			return false
		}
		found = found || held.Name == asked.name && heldBy[held.Scope]&asked.owners != 0
	}
	return found
}
