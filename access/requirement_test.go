// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/access"
)

func TestRequirementsSayThemselves(t *testing.T) {
	for _, test := range []struct{ kind, values, want string }{
		{"role", "admin", "role org:admin"},
		{"role", "org:admin owner", "role org:admin or org:owner"},
		{"role", "org:org:admin", "role org:admin"},
		{"permission", "dashboard:read org:teams:read", "permission org:dashboard:read or org:teams:read"},
		{"feature", "gold o:gold organization:gold org:gold u:gold user:gold", "feature gold or org:gold or org:gold or org:gold or user:gold or user:gold"},
		{"plan", "pro", "plan pro"},
		{"scope", "read:users write,all", "scope read:users or write,all"},
		{"reverification", "strict", "reverification strict (second_factor within 10 minutes)"},
		{"reverification", "first_factor 1", "reverification first_factor within 1 minute"},
	} {
		if got := requirement(t, test.kind, strings.Fields(test.values)...).String(); got != test.want {
			t.Errorf("expected %q, got %q", test.want, got)
		}
	}
}

func TestRequirementsThatCannotBeMetAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		kind   string
		values []string
		want   []string // parts of the error
	}{
		"an unknown kind":        {"roles", []string{"admin"}, []string{"role, permission, feature, plan, reverification or scope", `"roles"`}},
		"no kind":                {"", []string{"admin"}, []string{`""`}},
		"a kind in another case": {"Role", []string{"admin"}, []string{`"Role"`}},

		"no role":                    {"role", nil, []string{"role: ", "at least one"}},
		"no scope":                   {"scope", nil, []string{"scope: ", "at least one"}},
		"an empty role":              {"role", []string{""}, []string{"role: ", "empty"}},
		"an empty role among others": {"role", []string{"admin", ""}, []string{"role: ", "empty"}},
		"a prefix for a role":        {"role", []string{"org:org:"}, []string{"after the colon", `"org:org:"`}},
		"a role with a space":        {"role", []string{"admin owner"}, []string{"spaces", "values of their own"}},
		"a role with a comma":        {"role", []string{"admin,owner"}, []string{"commas", "values of their own"}},
		"a role with a line break":   {"role", []string{"admin\n"}, []string{"ASCII", `"admin\n"`}},
		"a role with a tab":          {"role", []string{"admin\tx"}, []string{"ASCII"}},
		"a role that is not ASCII":   {"role", []string{"ädmin"}, []string{"ASCII"}},
		"a role that is not UTF-8":   {"role", []string{"admin\xff"}, []string{"ASCII"}},

		"an empty permission":        {"permission", []string{""}, []string{"permission: ", "empty"}},
		"a permission with a space":  {"permission", []string{"a: b"}, []string{"spaces"}},
		"a system permission":        {"permission", []string{"org:sys_memberships:read"}, []string{"system permission", "require a role"}},
		"a system permission, short": {"permission", []string{"sys_domains:manage"}, []string{"system permission"}},

		"an unknown scope of a feature": {"feature", []string{"team:x"}, []string{"feature: ", "org or user", `"org:x"`, `"team"`, `"team:x"`}},
		"an unknown scope of a plan":    {"plan", []string{"Org:pro"}, []string{"plan: ", "org or user", `"org:pro"`}},
		"a token's scope of both":       {"plan", []string{"ou:pro"}, []string{"org or user"}},
		"an empty scope":                {"feature", []string{":x"}, []string{"org or user"}},
		"a feature without a name":      {"feature", []string{"user:"}, []string{"after the colon"}},
		"a feature with two colons":     {"feature", []string{"org:a:b"}, []string{"one colon", `"org:a"`}},
		"an empty feature":              {"feature", []string{""}, []string{"empty"}},
		"a feature with a comma":        {"feature", []string{"a,b"}, []string{"commas"}},

		"an empty scope of a machine":      {"scope", []string{""}, []string{"scope: ", "empty"}},
		"a scope with a space":             {"scope", []string{"read write"}, []string{"spaces", "values of their own"}},
		"a scope with a quote":             {"scope", []string{`a"b`}, []string{"quotes"}},
		"a scope with a backslash":         {"scope", []string{`a\b`}, []string{"backslashes"}},
		"a scope with a control character": {"scope", []string{"a\x00"}, []string{"ASCII"}},

		"no reverification":           {"reverification", nil, []string{"reverification: ", "strict_mfa, strict, moderate or lax", "got 0 words"}},
		"an unknown preset":           {"reverification", []string{"very_strict"}, []string{"strict_mfa, strict, moderate or lax", "first_factor, second_factor or multi_factor", `"very_strict"`}},
		"an empty preset":             {"reverification", []string{""}, []string{`""`}},
		"a level without minutes":     {"reverification", []string{"first_factor"}, []string{`"first_factor 10"`}},
		"an unknown level":            {"reverification", []string{"third_factor", "10"}, []string{"first_factor, second_factor or multi_factor", `"third_factor"`}},
		"a preset with minutes":       {"reverification", []string{"strict", "10"}, []string{"strict_mfa, strict, moderate or lax stand alone"}},
		"two presets":                 {"reverification", []string{"strict", "lax"}, []string{"stand alone"}},
		"three words":                 {"reverification", []string{"first_factor", "10", "20"}, []string{"got 3 words"}},
		"no minutes":                  {"reverification", []string{"first_factor", ""}, []string{"from 1 to 525600", `""`}},
		"zero minutes":                {"reverification", []string{"first_factor", "0"}, []string{"from 1 to 525600"}},
		"negative minutes":            {"reverification", []string{"first_factor", "-10"}, []string{"from 1"}},
		"signed minutes":              {"reverification", []string{"first_factor", "+10"}, []string{"from 1"}},
		"minutes with a unit":         {"reverification", []string{"first_factor", "10m"}, []string{"without a unit", `"10m"`}},
		"a fraction":                  {"reverification", []string{"first_factor", "1.5"}, []string{"whole number"}},
		"hexadecimal minutes":         {"reverification", []string{"first_factor", "0x10"}, []string{"whole number"}},
		"too many minutes":            {"reverification", []string{"first_factor", "525601"}, []string{"525600"}},
		"more than a number can have": {"reverification", []string{"first_factor", "99999999999999999999"}, []string{"525600"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := access.NewRequirement(test.kind, test.values)
			if err == nil {
				t.Fatalf("expected a refusal, got %q", r)
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("expected %q in the error, got %q", part, err)
				}
			}
			denial := access.Policy{r}.Check(access.Subject{Claims: claimsOf(t, version2)})
			if denial == nil {
				t.Error("expected what came with an error to deny, and it allowed")
			}
		})
	}
}

func TestMinutesMayBeAsManyAsAYearHas(t *testing.T) {
	r, err := access.ParseReverification("multi_factor", "525600")
	if err != nil || r.Level != "multi_factor" || r.AfterMinutes != 525600 {
		t.Errorf("expected multi_factor and 525600, got %+v and %v", r, err)
	}
}

// The bodies are what reverificationErrorResponse of npm @clerk/shared sends.
func TestErrorBody(t *testing.T) {
	for words, want := range map[string]string{
		"strict_mfa":      `"strict_mfa"`,
		"strict":          `"strict"`,
		"moderate":        `"moderate"`,
		"lax":             `"lax"`,
		"first_factor 10": `{"level":"first_factor","afterMinutes":10}`,
		"multi_factor 10": `{"level":"multi_factor","afterMinutes":10}`,
	} {
		r, err := access.ParseReverification(strings.Fields(words)...)
		if err != nil {
			t.Fatal(err)
		}
		want = `{"clerk_error":{"type":"forbidden","reason":"reverification-error","metadata":{"reverification":` + want + `}}}`
		if got := string(r.ErrorBody()); got != want {
			t.Errorf("expected %s, got %s", want, got)
		}
	}
}
