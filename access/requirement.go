// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"fmt"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// Kind is what a requirement is about.
type Kind string

// The kinds. Scopes are of machines' tokens, all others of sessions.
const (
	KindRole           Kind = "role"
	KindPermission     Kind = "permission"
	KindFeature        Kind = "feature"
	KindPlan           Kind = "plan"
	KindReverification Kind = "reverification"
	KindScope          Kind = "scope"
)

const kindsText = "role, permission, feature, plan, reverification or scope"

// Requirement is one thing that is demanded, of which any of several values will
// do. It is made by NewRequirement; the zero value is never met.
type Requirement struct {
	kind           Kind
	values         []value
	has            func(*verifier.Claims, value) bool // as in nameRule
	reverification *Reverification                    // of that kind only
}

// nameRule is how the values of a kind are read and looked for.
type nameRule struct {
	read func(text string) (value, error)
	// has looks for one among a session's claims; nil where they do not count.
	has func(*verifier.Claims, value) bool
}

var nameRules = map[Kind]nameRule{
	KindRole:       {read: readRole, has: hasRole},
	KindPermission: {read: readPermission, has: hasPermission},
	KindFeature:    {read: readEntitlement, has: hasFeature},
	KindPlan:       {read: readEntitlement, has: hasPlan},
	KindScope:      {read: readScope},
}

// NewRequirement reads a requirement of a kind. Any of the values satisfies it,
// written as for Params; a reverification has no alternatives, and its values
// are the words that ParseReverification reads. Values that could never be met
// are refused, with what to write instead.
func NewRequirement(kind string, values []string) (Requirement, error) {
	if Kind(kind) == KindReverification {
		return newReverification(values)
	}
	rule, named := nameRules[Kind(kind)]
	switch {
	case !named:
		return Requirement{}, fmt.Errorf("expected %s, got %q", kindsText, kind)
	case len(values) == 0:
		return Requirement{}, fmt.Errorf("%s: expected at least one value, got none", kind)
	}
	r := Requirement{kind: Kind(kind), has: rule.has}
	for _, text := range values {
		v, err := readWith(rule.read, text)
		if err != nil {
			return Requirement{}, fmt.Errorf("%s: %w", kind, err)
		}
		r.values = append(r.values, v)
	}
	return r, nil
}

func newReverification(words []string) (Requirement, error) {
	reverification, err := ParseReverification(words...)
	if err != nil {
		return Requirement{}, fmt.Errorf("%s: %w", KindReverification, err)
	}
	return Requirement{kind: KindReverification, reverification: reverification}, nil
}

// readWith refuses first what no name has, and what could not stand in a
// response header or a message.
func readWith(read func(string) (value, error), text string) (value, error) {
	switch {
	case text == "":
		return value{}, errors.New("expected a name, got an empty one")
	case strings.ContainsRune(text, ' '):
		return value{}, fmt.Errorf("expected a name without spaces, got %q; alternatives are values of their own", text)
	case strings.ContainsFunc(text, func(r rune) bool { return r < '!' || r > '~' || r == '"' || r == '\\' }):
		return value{}, fmt.Errorf("expected a name of printable ASCII without quotes or backslashes, got %q", text)
	}
	v, err := read(text)
	if err == nil && v.name == "" {
		err = fmt.Errorf("expected a name after the colon, got %q", text)
	}
	return v, err
}

func readRole(text string) (value, error) { return organizations(text), withoutComma(text) }

// readPermission refuses Clerk's own permissions, since session tokens do not
// hold them (https://clerk.com/docs/organizations/roles-permissions#system-permissions).
func readPermission(text string) (value, error) {
	v := organizations(text)
	if strings.HasPrefix(v.name, "sys_") {
		return value{}, fmt.Errorf("expected a custom permission, got the system permission %q, which session tokens never hold; "+
			"require a role, or make a permission of your own", text)
	}
	return v, withoutComma(text)
}

func readEntitlement(text string) (value, error) {
	v := entitlement(text)
	if v.owners == 0 {
		scope, name, _ := strings.Cut(text, ":")
		return value{}, fmt.Errorf("expected the scope org or user, as in %q, or none for either, got %q in %q", orgPrefix+name, scope, text)
	}
	if strings.Count(text, ":") > 1 {
		return value{}, fmt.Errorf("expected one colon at most, as in %q, got %q", v, text)
	}
	return v, withoutComma(text)
}

// readScope takes whatever RFC 6749, section 3.3, allows.
func readScope(text string) (value, error) { return value{name: text}, nil }

// withoutComma keeps from a name that no token has: theirs stand in lists with
// commas.
func withoutComma(text string) error {
	if strings.Contains(text, ",") {
		return fmt.Errorf("expected a name without commas, got %q; alternatives are values of their own", text)
	}
	return nil
}

// String says the requirement as it could be configured, such as
// "role org:admin or org:owner".
func (r Requirement) String() string {
	if r.reverification != nil {
		return fmt.Sprintf("%s %s", r.kind, r.reverification)
	}
	return fmt.Sprintf("%s %s", r.kind, strings.Join(r.names(), " or "))
}

func (r Requirement) names() []string {
	names := make([]string, len(r.values))
	for i, v := range r.values {
		names[i] = v.String()
	}
	return names
}

// metBy never takes what belongs to a machine for a session's, nor the other way
// round.
func (r Requirement) metBy(s Subject) bool {
	switch {
	case r.kind == KindScope:
		return s.Machine && r.metByScopes(s.Scopes)
	case s.Machine || !signedIn(s.Claims):
		return false
	case r.kind == KindReverification:
		return r.reverification.satisfiedBy(s.Claims.FactorAges)
	}
	for _, v := range r.values {
		if r.has(s.Claims, v) {
			return true
		}
	}
	return false
}

func (r Requirement) metByScopes(scopes []string) bool {
	for _, v := range r.values {
		if HasScope(scopes, v.name) {
			return true
		}
	}
	return false
}
