// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"fmt"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// Tokens of both versions, as Clerk's documentation has them.
const (
	version1 = `"org_id":"org_1","org_slug":"acme","org_role":"org:admin","org_permissions":["org:dashboard:read"],"fva":[7,-1]`
	version2 = `"v":2,"o":{"id":"org_1","slg":"acme","rol":"admin","per":"manage,read","fpm":"3,2,0,0"},` +
		`"fea":"o:dashboard,o:teams,u:gold,uo:chat","pla":"o:pro,u:free"`
)

func TestHas(t *testing.T) {
	for name, test := range map[string]struct {
		members string
		params  access.Params
		want    bool
	}{
		"nothing is asked": {version1, access.Params{}, false},

		"the role":                           {version1, access.Params{Role: new("org:admin")}, true},
		"the role without its prefix":        {version1, access.Params{Role: new("admin")}, true},
		"the role with its prefix twice":     {version1, access.Params{Role: new("org:org:admin")}, true},
		"another role":                       {version1, access.Params{Role: new("org:member")}, false},
		"the role in another case":           {version1, access.Params{Role: new("Admin")}, false},
		"the role and a space":               {version1, access.Params{Role: new("admin ")}, false},
		"an empty role":                      {version1, access.Params{Role: new("")}, false},
		"a prefix for a role":                {`"org_id":"org_1","org_role":"org:"`, access.Params{Role: new("org:")}, false},
		"a role without a prefix, version 1": {`"org_id":"org_1","org_role":"admin"`, access.Params{Role: new("org:admin")}, true},
		"the role of version 2":              {version2, access.Params{Role: new("org:admin")}, true},
		"a prefixed role of version 2":       {`"v":2,"o":{"id":"org_1","rol":"org:admin"}`, access.Params{Role: new("admin")}, true},
		"no role":                            {`"org_id":"org_1"`, access.Params{Role: new("org:")}, false},
		"no role in version 2":               {`"v":2,"o":{"id":"org_1"}`, access.Params{Role: new("")}, false},
		"a role without an organization":     {`"org_role":"org:admin"`, access.Params{Role: new("org:admin")}, false},
		"a role of the other version":        {`"v":2,"org_id":"org_1","org_role":"org:admin"`, access.Params{Role: new("org:admin")}, false},

		"the permission":                           {version1, access.Params{Permission: new("org:dashboard:read")}, true},
		"the permission without its prefix":        {version1, access.Params{Permission: new("dashboard:read")}, true},
		"the permission with its prefix twice":     {version1, access.Params{Permission: new("org:org:dashboard:read")}, true},
		"another permission":                       {version1, access.Params{Permission: new("org:dashboard:write")}, false},
		"a part of the permission":                 {version1, access.Params{Permission: new("org:dashboard")}, false},
		"an empty permission":                      {version1, access.Params{Permission: new("")}, false},
		"a prefix for a permission":                {`"org_id":"org_1","org_permissions":["org:"]`, access.Params{Permission: new("org:")}, false},
		"a permission that the token has bare":     {`"org_id":"org_1","org_permissions":["dashboard:read"]`, access.Params{Permission: new("dashboard:read")}, false},
		"a permission without an organization":     {`"org_permissions":["org:dashboard:read"]`, access.Params{Permission: new("org:dashboard:read")}, false},
		"a permission of a mask":                   {version2, access.Params{Permission: new("org:dashboard:manage")}, true},
		"a permission of the second mask":          {version2, access.Params{Permission: new("org:teams:read")}, true},
		"a permission that its mask does not have": {version2, access.Params{Permission: new("org:teams:manage")}, false},

		"both role and permission":       {version1, access.Params{Role: new("admin"), Permission: new("dashboard:read")}, true},
		"the role alone":                 {version1, access.Params{Role: new("admin"), Permission: new("dashboard:write")}, false},
		"the permission alone":           {version1, access.Params{Role: new("member"), Permission: new("dashboard:read")}, false},
		"a permission and an empty role": {version1, access.Params{Role: new(""), Permission: new("dashboard:read")}, false},

		"a feature of the organization":           {version2, access.Params{Feature: new("dashboard")}, true},
		"a feature of the user":                   {version2, access.Params{Feature: new("gold")}, true},
		"asked of the organization, org":          {version2, access.Params{Feature: new("org:dashboard")}, true},
		"asked of the organization, o":            {version2, access.Params{Feature: new("o:dashboard")}, true},
		"asked of the organization, organization": {version2, access.Params{Feature: new("organization:dashboard")}, true},
		"asked of the user, user":                 {version2, access.Params{Feature: new("user:gold")}, true},
		"asked of the user, u":                    {version2, access.Params{Feature: new("u:gold")}, true},
		"the organization's asked of the user":    {version2, access.Params{Feature: new("user:dashboard")}, false},
		"the user's asked of the organization":    {version2, access.Params{Feature: new("org:gold")}, false},
		"both's asked of the organization":        {version2, access.Params{Feature: new("org:chat")}, true},
		"both's asked of the user":                {version2, access.Params{Feature: new("user:chat")}, true},
		"a feature that nobody has":               {version2, access.Params{Feature: new("billing")}, false},
		"an unknown scope":                        {version2, access.Params{Feature: new("team:dashboard")}, false},
		"a scope in another case":                 {version2, access.Params{Feature: new("Org:dashboard")}, false},
		"the scope of both":                       {version2, access.Params{Feature: new("ou:chat")}, false},
		"an empty scope":                          {version2, access.Params{Feature: new(":dashboard")}, false},
		"an empty feature":                        {version2, access.Params{Feature: new("")}, false},
		"an empty feature of an owner":            {`"fea":"o:o"`, access.Params{Feature: new("o:")}, false},
		"the scope twice":                         {version2, access.Params{Feature: new("org:org:dashboard")}, false},
		"what follows a second colon is not read": {version2, access.Params{Feature: new("org:dashboard:x")}, true},
		"no features":                             {version1, access.Params{Feature: new("dashboard")}, false},
		"a feature without an organization":       {`"v":2,"fea":"o:dashboard"`, access.Params{Feature: new("org:dashboard")}, true},
		"a feature in version 1":                  {`"fea":"u:gold"`, access.Params{Feature: new("gold")}, true},
		"a feature of an unknown scope":           {`"fea":"x:dashboard"`, access.Params{Feature: new("dashboard")}, false},
		"a feature beside one without a scope":    {`"fea":"o:dashboard,teams"`, access.Params{Feature: new("dashboard")}, false},
		"a feature before a comma too many":       {`"fea":"o:dashboard,"`, access.Params{Feature: new("dashboard")}, false},
		"a feature beside one without a name":     {`"fea":"o:dashboard,u:"`, access.Params{Feature: new("dashboard")}, false},
		"a feature among spaces":                  {`"fea":" o:dashboard , u:gold "`, access.Params{Feature: new("gold")}, true},
		"a plan is no feature":                    {version2, access.Params{Feature: new("pro")}, false},

		"a plan":                            {version2, access.Params{Plan: new("pro")}, true},
		"a plan of the organization":        {version2, access.Params{Plan: new("org:pro")}, true},
		"a plan of the user":                {version2, access.Params{Plan: new("user:free")}, true},
		"a plan of the other":               {version2, access.Params{Plan: new("org:free")}, false},
		"an empty plan":                     {version2, access.Params{Plan: new("")}, false},
		"a feature is no plan":              {version2, access.Params{Plan: new("dashboard")}, false},
		"a feature and a plan":              {version2, access.Params{Feature: new("teams"), Plan: new("free")}, true},
		"a feature and not the plan":        {version2, access.Params{Feature: new("teams"), Plan: new("gold")}, false},
		"a role and a plan":                 {version2, access.Params{Role: new("admin"), Plan: new("org:pro")}, true},
		"a plan and not the role":           {version2, access.Params{Role: new("member"), Plan: new("org:pro")}, false},
		"a role and a reverification":       {version1, access.Params{Role: new("admin"), Reverification: preset("strict")}, true},
		"a reverification and not the role": {version1, access.Params{Role: new("member"), Reverification: preset("strict")}, false},
		"a role and ages that are absent":   {version2, access.Params{Role: new("admin"), Reverification: preset("lax")}, false},

		"everything": {version2 + `,"fva":[0,0]`, access.Params{
			Role: new("admin"), Permission: new("teams:read"), Feature: new("chat"), Plan: new("pro"), Reverification: preset("strict_mfa"),
		}, true},
		"a session with a task left": {version1 + `,"sts":"pending"`, access.Params{Role: new("admin")}, false},
		"an active session":          {version1 + `,"sts":"active"`, access.Params{Role: new("admin")}, true},
		"nobody's session":           {version1 + `,"sub":""`, access.Params{Role: new("admin")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := access.Has(claimsOf(t, test.members), test.params); got != test.want {
				t.Errorf("expected %t, got %t", test.want, got)
			}
		})
	}
}

// The ages in the rules' examples.
func TestHasGoesByTheAgesOfFactors(t *testing.T) {
	all := []string{"strict_mfa", "strict", "moderate", "lax"}
	for _, test := range []struct {
		ages string
		want map[string]bool
	}{
		{`[7,-1]`, map[string]bool{"strict_mfa": true, "strict": true, "moderate": true, "lax": true}},
		{`[9,10]`, map[string]bool{"moderate": true, "lax": true}},
		{`[61,5]`, map[string]bool{"strict": true, "moderate": true, "lax": true}},
		{`[-1,5]`, map[string]bool{"strict": true, "moderate": true, "lax": true}},
		{`[-1,-1]`, nil},
		{`[10,-1]`, map[string]bool{"moderate": true, "lax": true}},
		{`[9,-1]`, map[string]bool{"strict_mfa": true, "strict": true, "moderate": true, "lax": true}},
		{`[9,9]`, map[string]bool{"strict_mfa": true, "strict": true, "moderate": true, "lax": true}},
		{`[10,9]`, map[string]bool{"strict": true, "moderate": true, "lax": true}},
		{`[0,59]`, map[string]bool{"moderate": true, "lax": true}},
		{`[0,60]`, map[string]bool{"lax": true}},
		{`[0,1439]`, map[string]bool{"lax": true}},
		{`[0,1440]`, nil},
		{`[0,0]`, map[string]bool{"strict_mfa": true, "strict": true, "moderate": true, "lax": true}},
		{`null`, nil},
		{`[]`, nil},
		{`[0]`, nil},
		{`[0,0,0]`, nil},
		{`["0","0"]`, nil},
		{`[0,null]`, nil},
		{`[-2,0]`, nil},
		{`[0,-2]`, nil},
		{`"[0,0]"`, nil},
		{`{"0":0,"1":0}`, nil},
	} {
		claims := claimsOf(t, `"fva":`+test.ages)
		for _, name := range all {
			if got := access.Has(claims, access.Params{Reverification: preset(name)}); got != test.want[name] {
				t.Errorf("%s of %s: expected %t, got %t", name, test.ages, test.want[name], got)
			}
		}
	}
}

func TestHasKnowsEveryLevel(t *testing.T) {
	for _, test := range []struct {
		level                 string
		first, second, within int
		want                  bool
	}{
		{"first_factor", 4, 9, 5, true},
		{"first_factor", 5, 0, 5, false},
		{"first_factor", 4, -1, 5, true},
		{"first_factor", -1, 0, 5, false},
		{"second_factor", 9, 4, 5, true},
		{"second_factor", 0, 5, 5, false},
		{"second_factor", 4, -1, 5, true},
		{"second_factor", 5, -1, 5, false},
		{"second_factor", -1, 4, 5, true},
		{"second_factor", -1, 5, 5, false},
		{"multi_factor", 4, 4, 5, true},
		{"multi_factor", 5, 4, 5, false},
		{"multi_factor", 4, 5, 5, false},
		{"multi_factor", 4, -1, 5, true},
		{"multi_factor", 5, -1, 5, false},
		{"multi_factor", -1, 4, 5, false},
		{"first_factor", 0, 0, 1, true},
		{"first_factor", 1, 0, 1, false},
		{"first_factor", 0, 0, 0, false},
		{"first_factor", 0, 0, -1, false},
		{"first_factor", -2, 0, 5, false},
		{"first_factor", 0, -2, 5, false},
		{"third_factor", 0, 0, 5, false},
		{"", 0, 0, 5, false},
		{"strict", 0, 0, 5, false},
	} {
		t.Run(fmt.Sprintf("%s %d %d %d", test.level, test.first, test.second, test.within), func(t *testing.T) {
			claims := &verifier.Claims{UserID: "user_1", FactorAges: &verifier.FactorAges{First: test.first, Second: test.second}}
			demanded := &access.Reverification{Level: test.level, AfterMinutes: test.within}
			if got := access.Has(claims, access.Params{Reverification: demanded}); got != test.want {
				t.Errorf("expected %t, got %t", test.want, got)
			}
		})
	}
}

func TestNobodyHasAnything(t *testing.T) {
	params := access.Params{Role: new("admin")}
	for name, claims := range map[string]*verifier.Claims{
		"no claims":       nil,
		"empty claims":    {},
		"no organization": {UserID: "user_1"},
		"no user":         {Organization: &verifier.Organization{ID: "org_1", Role: "org:admin"}},
	} {
		if access.Has(claims, params) {
			t.Errorf("%s: expected no role, got one", name)
		}
	}
}

func TestHasScope(t *testing.T) {
	for _, test := range []struct {
		scopes []string
		scope  string
		want   bool
	}{
		{[]string{"read", "write"}, "write", true},
		{[]string{"read", "write"}, "wri", false},
		{[]string{"read"}, "READ", false},
		{[]string{"read write"}, "read", false},
		{[]string{""}, "", false},
		{nil, "", false},
		{nil, "read", false},
	} {
		if got := access.HasScope(test.scopes, test.scope); got != test.want {
			t.Errorf("%q in %q: expected %t, got %t", test.scope, test.scopes, test.want, got)
		}
	}
}
