// SPDX-License-Identifier: Apache-2.0

package access

import "github.com/caddy-clerk/caddy-clerk/verifier"

// Subject is who asks: a person's session, or a machine.
type Subject struct {
	// Claims are the session's. They do not count when Machine is set.
	Claims *verifier.Claims
	// Scopes are those of the machine's token, and count only when Machine is
	// set. An M2M token's are the machines that it may be shown to.
	Scopes  []string
	Machine bool
}

// Policy is what a place demands. All of it must hold. The empty policy demands
// nothing and allows everybody, a subject that is nobody included: whether
// somebody is signed in is for who checks the token to say.
type Policy []Requirement

// Check tells whether the policy holds, and if not, why. Nil is that it does.
//
// Of several requirements that are not met, the first is reported. Only a
// reverification comes last, wherever it stands: who lacks something else must
// not be made to prove who they are for nothing.
//
// A session meets requirements as by Has, and never one of scopes; a machine
// meets those of scopes, and no others.
func (p Policy) Check(s Subject) *Denial {
	stale := -1
	for i := range p {
		switch {
		case p[i].metBy(s):
		case p[i].kind != KindReverification:
			return &Denial{requirement: p[i]}
		case stale < 0:
			stale = i
		}
	}
	if stale < 0 {
		return nil
	}
	return &Denial{requirement: p[stale]}
}
