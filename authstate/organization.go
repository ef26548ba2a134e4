// SPDX-License-Identifier: Apache-2.0

package authstate

import "github.com/caddy-clerk/caddy-clerk/verifier"

// queryOrganization names the organization to activate in a handshake; empty
// for none, which is the personal account.
const queryOrganization = "organization_id"

// organizationTarget gives the organization that the address is of.
func (q *request) organizationTarget() (organizationTarget, bool) {
	if q.auth.organizations == nil || q.url() == nil {
		return organizationTarget{}, false
	}
	return q.auth.organizations.target(q.url().Pathname())
}

// differs tells whether the address is of another organization than the
// session's active one.
func (t organizationTarget) differs(active *verifier.Organization) bool {
	switch {
	case t.personal:
		return active != nil
	case active == nil:
		return true
	case t.id != "":
		return t.id != active.ID
	default:
		return t.slug != active.Slug
	}
}

// name is how Clerk is told which organization to activate.
func (t organizationTarget) name() string {
	if t.id != "" {
		return t.id
	}
	return t.slug
}

// activates has a page load go through a handshake that activates the
// organization that its address is of; nil when that is not needed, or did not
// help: the person then stays as they are.
func (q *request) activates(claims *verifier.Claims) *State {
	if claims.Pending() || claims.UserID == "" {
		return nil
	}
	target, ok := q.organizationTarget()
	if !ok || !target.differs(claims.Organization) || !q.isDocument() {
		return nil
	}
	if q.redirects() >= maxRedirects {
		q.auth.warn(&q.auth.organizationWarning, "the organization that an address names was not activated; "+
			"check that it exists and that the person is a member")
		return nil
	}
	return q.handshake(ReasonActiveOrganizationMismatch, "")
}
