// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/access"
)

// policyOf reads one requirement a line.
func policyOf(t testing.TB, lines ...string) access.Policy {
	t.Helper()
	var p access.Policy
	for _, line := range lines {
		words := strings.Fields(line)
		p = append(p, requirement(t, words[0], words[1:]...))
	}
	return p
}

func TestAPolicyHoldsWhenAllOfItDoes(t *testing.T) {
	session := access.Subject{Claims: claimsOf(t, version2+`,"fva":[61,5]`)}
	pending := access.Subject{Claims: claimsOf(t, version2+`,"fva":[0,0],"sts":"pending"`)}
	machine := access.Subject{Machine: true, Scopes: []string{"read", "write"}}
	for name, test := range map[string]struct {
		policy  []string
		subject access.Subject
		want    string // the reason and the message; empty when allowed
	}{
		"nothing is demanded":            {nil, session, ""},
		"nothing is demanded of nobody":  {nil, access.Subject{}, ""},
		"the role":                       {[]string{"role admin"}, session, ""},
		"another role":                   {[]string{"role owner"}, session, "missing-role: requires role org:owner"},
		"any of the roles":               {[]string{"role owner org:admin"}, session, ""},
		"none of the roles":              {[]string{"role owner member"}, session, "missing-role: requires role org:owner or org:member"},
		"the permission":                 {[]string{"permission dashboard:manage"}, session, ""},
		"another permission":             {[]string{"permission teams:manage"}, session, "missing-permission: requires permission org:teams:manage"},
		"the feature":                    {[]string{"feature org:dashboard"}, session, ""},
		"another feature":                {[]string{"feature user:dashboard"}, session, "missing-feature: requires feature user:dashboard"},
		"the plan":                       {[]string{"plan basic pro"}, session, ""},
		"another plan":                   {[]string{"plan basic"}, session, "missing-plan: requires plan basic"},
		"fresh enough":                   {[]string{"reverification strict"}, session, ""},
		"not fresh enough":               {[]string{"reverification strict_mfa"}, session, "reverification-error: requires reverification strict_mfa (multi_factor within 10 minutes)"},
		"all of several":                 {[]string{"role admin", "plan pro", "reverification strict"}, session, ""},
		"the same kind twice":            {[]string{"feature dashboard", "feature gold"}, session, ""},
		"the same kind, one is missing":  {[]string{"feature dashboard", "feature billing"}, session, "missing-feature: requires feature billing"},
		"the first of two":               {[]string{"plan basic", "role owner"}, session, "missing-plan: requires plan basic"},
		"a reverification comes last":    {[]string{"reverification strict_mfa", "role owner"}, session, "missing-role: requires role org:owner"},
		"of reverifications, the first":  {[]string{"reverification first_factor 5", "role admin", "reverification strict_mfa"}, session, "reverification-error: requires reverification first_factor within 5 minutes"},
		"a session has no scopes":        {[]string{"scope read"}, session, "insufficient-scope: requires scope read"},
		"not even if it comes with some": {[]string{"scope read"}, access.Subject{Claims: session.Claims, Scopes: []string{"read"}}, "insufficient-scope: requires scope read"},
		"a session with a task left":     {[]string{"role admin"}, pending, "missing-role: requires role org:admin"},
		"a task left, and fresh factors": {[]string{"reverification lax"}, pending, "reverification-error: requires reverification lax (second_factor within 1440 minutes)"},
		"nobody":                         {[]string{"role admin"}, access.Subject{}, "missing-role: requires role org:admin"},
		"nobody's factors":               {[]string{"reverification lax"}, access.Subject{}, "reverification-error: requires reverification lax (second_factor within 1440 minutes)"},

		"the scope":                         {[]string{"scope write"}, machine, ""},
		"any of the scopes":                 {[]string{"scope admin read"}, machine, ""},
		"all of the scopes":                 {[]string{"scope read", "scope write"}, machine, ""},
		"another scope":                     {[]string{"scope admin all"}, machine, "insufficient-scope: requires scope admin or all"},
		"a machine without scopes":          {[]string{"scope read"}, access.Subject{Machine: true}, "insufficient-scope: requires scope read"},
		"a machine has no role":             {[]string{"role admin"}, machine, "missing-role: requires role org:admin"},
		"a machine does not speak for whom": {[]string{"role admin"}, access.Subject{Claims: session.Claims, Machine: true}, "missing-role: requires role org:admin"},
		"a machine has no factors":          {[]string{"reverification lax"}, access.Subject{Claims: session.Claims, Machine: true}, "reverification-error: requires reverification lax (second_factor within 1440 minutes)"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if denial := policyOf(t, test.policy...).Check(test.subject); denial != nil {
				got = denial.Reason() + ": " + denial.Message()
			}
			if got != test.want {
				t.Errorf("expected %q, got %q", test.want, got)
			}
		})
	}
}

func TestADenialSaysWhatToDo(t *testing.T) {
	claims := claimsOf(t, version1)
	stale := policyOf(t, "reverification multi_factor 5").Check(access.Subject{Claims: claims})
	if r := stale.Reverification(); r == nil || r.Level != "multi_factor" || r.AfterMinutes != 5 || stale.Scopes() != nil {
		t.Errorf("expected a reverification and no scopes, got %+v and %q", r, stale.Scopes())
	}
	narrow := policyOf(t, "scope read write").Check(access.Subject{Machine: true})
	if !slices.Equal(narrow.Scopes(), []string{"read", "write"}) || narrow.Reverification() != nil {
		t.Errorf("expected two scopes and no reverification, got %q and %+v", narrow.Scopes(), narrow.Reverification())
	}
	low := policyOf(t, "role owner").Check(access.Subject{Claims: claims})
	if low.Scopes() != nil || low.Reverification() != nil {
		t.Errorf("expected neither, got %q and %+v", low.Scopes(), low.Reverification())
	}
}

// What a denial gives out is the caller's to change, and the policy is not.
func TestADenialGivesNothingOfThePolicyAway(t *testing.T) {
	stale := policyOf(t, "reverification strict")
	stale.Check(access.Subject{}).Reverification().Level = "first_factor"
	if got := stale.Check(access.Subject{}).Reverification().Level; got != "second_factor" {
		t.Errorf("expected second_factor, got %s", got)
	}
	presets := preset("strict")
	presets.AfterMinutes = 1440
	if got := preset("strict").AfterMinutes; got != 10 {
		t.Errorf("expected 10 minutes, got %d", got)
	}
}

func TestARequirementThatNobodyMadeIsNeverMet(t *testing.T) {
	for name, subject := range map[string]access.Subject{
		"a session": {Claims: claimsOf(t, version2)},
		"a machine": {Machine: true, Scopes: []string{"", "read"}},
	} {
		denial := access.Policy{access.Requirement{}}.Check(subject)
		if denial == nil || denial.Reason() != "invalid-requirement" || denial.Message() == "" {
			t.Errorf("%s: expected invalid-requirement, got %+v", name, denial)
		}
	}
}

func TestACheckThatAllowsAllocatesNothing(t *testing.T) {
	claims := claimsOf(t, version2+`,"fva":[1,2]`)
	session := policyOf(t, "role owner admin", "permission teams:read", "feature user:gold", "plan pro", "reverification strict_mfa")
	machine := policyOf(t, "scope read", "scope admin write")
	scopes := []string{"read", "write"}
	params := access.Params{Role: new("org:admin"), Permission: new("teams:read"), Feature: new("gold"), Plan: new("org:pro"), Reverification: preset("lax")}
	for name, allowed := range map[string]func() bool{
		"a session": func() bool { return session.Check(access.Subject{Claims: claims}) == nil },
		"a machine": func() bool { return machine.Check(access.Subject{Machine: true, Scopes: scopes}) == nil },
		"has":       func() bool { return access.Has(claims, params) },
	} {
		t.Run(name, func(t *testing.T) {
			if !allowed() {
				t.Fatal("expected it to be allowed")
			}
			if got := testing.AllocsPerRun(100, func() { allowed() }); got != 0 {
				t.Errorf("expected no allocations, got %v", got)
			}
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	policy := policyOf(b, "role owner admin", "permission teams:read", "feature user:gold", "plan pro", "reverification strict_mfa")
	subject := access.Subject{Claims: claimsOf(b, version2+`,"fva":[1,2]`)}
	for b.Loop() {
		if policy.Check(subject) != nil {
			b.Fatal("expected it to be allowed")
		}
	}
}
