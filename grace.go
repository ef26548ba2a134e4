// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/guard"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// maxGrace is as long as keys are used by default without being fetched anew.
const maxGrace = 24 * time.Hour

// checkGrace reads outage_grace.
func (r *resolved) checkGrace() error {
	if r.OutageGrace == nil {
		return nil
	}
	r.grace = time.Duration(*r.OutageGrace)
	if r.grace < 0 || r.grace > maxGrace {
		return fmt.Errorf("outage_grace: expected 0s, which is off, to %s, got %s", maxGrace, r.grace)
	}
	if r.grace > 0 && r.keys.pem != "" && r.SecretKey == "" {
		return errors.New("outage_grace: jwt_key is verified with and there is no secret_key, " +
			"so nothing ever tells that Clerk cannot be reached; leave jwt_key out, or set secret_key")
	}
	return nil
}

// checkGraceAndRequire refuses a gate that lets old sessions pass and asks how
// old their verification is.
func checkGraceAndRequire(grace time.Duration, requirements []Requirement) error {
	isReverification := func(r Requirement) bool { return r.Kind == string(access.KindReverification) }
	if grace == 0 || !slices.ContainsFunc(requirements, isReverification) {
		return nil
	}
	return errors.New("outage_grace: require reverification asks for a recent verification, which a session that has expired cannot show; " +
		"write outage_grace 0s into this gate, or leave require reverification out")
}

// isUnreachable tells whether Clerk cannot be reached: the last fetch of the
// keys failed, but for one that was refused, or so many calls to the Backend API
// failed in a row that none is made for now. While the one call is under way
// that finds out whether Clerk is back, which can take long, none is made either.
func (i *instance) isUnreachable() bool {
	if i.calls != nil {
		if s := i.calls.guard.Status(); s.Breaker == guard.Open || s.Probing {
			return true
		}
	}
	return i.remote != nil && i.remote.IsUnreachable()
}

// withoutFactors gives claims that do not tell when factors were verified: what
// an old token says of that was true when it was made. It meets no reverification.
func withoutFactors(claims *verifier.Claims) *verifier.Claims {
	old := *claims
	old.FactorAges = nil
	return &old
}
