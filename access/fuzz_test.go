// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// FuzzHas looks for a token that is granted something by less than saying so.
func FuzzHas(f *testing.F) {
	for _, members := range []string{version1, version2, "", `"fva":[0,0],"sts":"pending"`, `"fea":"o:,:x,a","pla":","`, `"org_id":"o","org_role":"org:"`} {
		f.Add(members, "org:admin", "dashboard:read", "o:dashboard", "pro", "strict", 10)
	}
	f.Add(version2, "", "", "", "", "", 0)
	f.Add(version2, "org:", "org:", "o:", ":", "first_factor", -1)
	f.Fuzz(func(t *testing.T, members, role, permission, feature, plan, level string, minutes int) {
		claims, err := reader.Verify(t.Context(), tokenOf(members), verifier.Requirements{})
		if err != nil {
			claims = nil
		}
		reverification := &access.Reverification{Level: level, AfterMinutes: minutes}
		single := map[string]access.Params{
			"role":           {Role: &role},
			"permission":     {Permission: &permission},
			"feature":        {Feature: &feature},
			"plan":           {Plan: &plan},
			"reverification": {Reverification: reverification},
		}
		all := true
		for name, params := range single {
			has := access.Has(claims, params)
			all = all && has
			if has && (claims == nil || claims.Pending() || claims.UserID == "") {
				t.Errorf("nobody has the %s", name)
			}
		}
		if got := access.Has(claims, access.Params{Role: &role, Permission: &permission, Feature: &feature, Plan: &plan, Reverification: reverification}); got != all {
			t.Errorf("each alone says %t, all together %t", all, got)
		}
		if access.Has(claims, access.Params{}) || access.Has(nil, single["role"]) {
			t.Error("nothing was asked, or nobody there, and it was granted")
		}
		if access.Has(claims, single["reverification"]) && (minutes < 1 || claims.FactorAges == nil) {
			t.Error("a reverification holds without ages or minutes")
		}
		for _, empty := range []string{"", "org:", "org:org:", "o:", "u:", ":"} {
			if access.Has(claims, access.Params{Role: new(empty)}) || access.Has(claims, access.Params{Permission: new(empty)}) ||
				access.Has(claims, access.Params{Feature: new(empty)}) || access.Has(claims, access.Params{Plan: new(empty)}) {
				t.Errorf("somebody has %q", empty)
			}
		}
	})
}

// FuzzNewRequirement looks for a requirement that says something else than
// Has, that can be met by nobody, or that cannot be said in a header.
func FuzzNewRequirement(f *testing.F) {
	for _, kind := range []string{"role", "permission", "feature", "plan", "reverification", "scope", ""} {
		f.Add(kind, "org:admin", "dashboard:read", version2)
		f.Add(kind, "strict", "", version1)
		f.Add(kind, "first_factor", "10", version1)
	}
	f.Fuzz(func(t *testing.T, kind, first, second, members string) {
		values := []string{first, second}
		if second == "" {
			values = values[:1]
		}
		r, err := access.NewRequirement(kind, values)
		claims, _ := reader.Verify(t.Context(), tokenOf(members), verifier.Requirements{})
		session := access.Policy{r}.Check(access.Subject{Claims: claims}) == nil
		machine := access.Policy{r}.Check(access.Subject{Claims: claims, Scopes: values, Machine: true}) == nil
		nobody := access.Policy{r}.Check(access.Subject{})
		if nobody == nil {
			t.Fatal("nobody meets it")
		}
		if err != nil {
			if session || machine {
				t.Error("what was refused is met")
			}
			return
		}
		if machine != (kind == "scope") {
			t.Errorf("expected a machine to meet scopes only, got %t for %s", machine, r)
		}
		if text := nobody.Message(); strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) || !strings.Contains(text, r.String()) {
			t.Errorf("expected a message that a header can have, got %q", text)
		}
		if want := hasAny(claims, kind, values); session != want {
			t.Errorf("expected %t as has() says, got %t for %s", want, session, r)
		}
	})
}

func hasAny(claims *verifier.Claims, kind string, values []string) bool {
	if kind == "reverification" {
		return access.Has(claims, access.Params{Reverification: must(access.ParseReverification(values...))})
	}
	for _, v := range values {
		params, ok := map[string]access.Params{
			"role": {Role: &v}, "permission": {Permission: &v}, "feature": {Feature: &v}, "plan": {Plan: &v},
		}[kind]
		if ok && access.Has(claims, params) {
			return true
		}
	}
	return false
}
