// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func TestVersion1IsRead(t *testing.T) {
	claims := claimsOf(t, members{
		"org_id": "org_1", "org_slug": "acme", "org_role": "org:admin",
		"org_permissions": []string{"org:dashboard:read"}, "fva": []int{7, -1},
	})
	want := &verifier.Organization{ID: "org_1", Slug: "acme", Role: "org:admin", Permissions: []string{"org:dashboard:read"}}
	if claims.Version != 1 || !reflect.DeepEqual(claims.Organization, want) {
		t.Errorf("expected version 1 and %+v, got %d and %+v", want, claims.Version, claims.Organization)
	}
	if claims.FactorAges == nil || *claims.FactorAges != (verifier.FactorAges{First: 7, Second: -1}) {
		t.Errorf("expected the ages 7 and -1, got %+v", claims.FactorAges)
	}
	if claims.Actor != nil || claims.Pending() || claims.Features != nil || claims.Plans != nil {
		t.Errorf("expected nothing else, got %+v", claims)
	}
}

func TestVersion2IsRead(t *testing.T) {
	claims := claimsOf(t, members{
		"v": 2, "sts": "active", "fva": []int{0, 3},
		"o":   members{"id": "org_1", "slg": "acme", "rol": "admin", "per": "manage,read", "fpm": "3,2"},
		"fea": "o:dashboard,o:teams", "pla": "o:pro, u:gold",
	})
	want := &verifier.Organization{ID: "org_1", Slug: "acme", Role: "org:admin", Permissions: []string{
		"org:dashboard:manage", "org:dashboard:read", "org:teams:read",
	}}
	if claims.Version != 2 || !reflect.DeepEqual(claims.Organization, want) {
		t.Errorf("expected version 2 and %+v, got %d and %+v", want, claims.Version, claims.Organization)
	}
	if want := []verifier.Scoped{{Scope: "o", Name: "dashboard"}, {Scope: "o", Name: "teams"}}; !reflect.DeepEqual(claims.Features, want) {
		t.Errorf("expected the features %+v, got %+v", want, claims.Features)
	}
	if want := []verifier.Scoped{{Scope: "o", Name: "pro"}, {Scope: "u", Name: "gold"}}; !reflect.DeepEqual(claims.Plans, want) {
		t.Errorf("expected the plans %+v, got %+v", want, claims.Plans)
	}
	if claims.SessionStatus != "active" || claims.Pending() {
		t.Errorf("expected an active session, got %q", claims.SessionStatus)
	}
}

// Both versions' members in one token: only those of the version it states
// may count, or a token could carry the rights of two organizations.
func TestTheStatedVersionDecidesWhichMembersCount(t *testing.T) {
	both := members{"org_id": "org_old", "o": members{"id": "org_new"}}
	for _, test := range []struct{ v, want string }{
		{`2`, "org_new"},
		{`2.0`, "org_new"},
		{`"2"`, "org_old"},
		{`1`, "org_old"},
		{`3`, "org_old"},
		{`2.5`, "org_old"},
		{`[2]`, "org_old"},
		{`null`, "org_old"},
		{`true`, "org_old"},
	} {
		t.Run(test.v, func(t *testing.T) {
			claims := claimsOf(t, both.with(members{"v": json.RawMessage(test.v)}))
			if claims.Organization == nil || claims.Organization.ID != test.want {
				t.Errorf("expected %s, got %+v", test.want, claims.Organization)
			}
		})
	}
}

func TestWithoutAnOrganizationThereIsNone(t *testing.T) {
	for name, changes := range map[string]members{
		"version 1, no id":         {"org_role": "org:admin", "org_permissions": []string{"org:a:b"}},
		"version 1, an empty id":   {"org_id": "", "org_role": "org:admin"},
		"version 1, a number":      {"org_id": 1, "org_role": "org:admin"},
		"version 2, only features": {"v": 2, "fea": "o:dashboard"},
		"version 2, null":          {"v": 2, "o": nil},
		"version 2, a string":      {"v": 2, "o": "org_1"},
		"version 2, a list":        {"v": 2, "o": []string{"org_1"}},
		"version 2, no id":         {"v": 2, "o": members{"rol": "admin"}},
		"version 2, a number":      {"v": 2, "o": members{"id": 5, "rol": "admin"}},
		"the string 2":             {"v": "2", "o": members{"id": "org_1", "rol": "admin"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := claimsOf(t, changes).Organization; got != nil {
				t.Errorf("expected no organization, got %+v", got)
			}
		})
	}
}

// Some SDKs turn a missing role into the bare prefix "org:".
func TestAMissingRoleIsNoRole(t *testing.T) {
	for name, o := range map[string]members{
		"missing":  {"id": "org_1"},
		"empty":    {"id": "org_1", "rol": ""},
		"null":     {"id": "org_1", "rol": nil},
		"a number": {"id": "org_1", "rol": 1},
		"a list":   {"id": "org_1", "rol": []string{"admin"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := claimsOf(t, members{"v": 2, "o": o}).Organization.Role; got != "" {
				t.Errorf("expected no role, got %q", got)
			}
		})
	}
}

func TestVersion1PermissionsOfAnotherFormAreNone(t *testing.T) {
	for name, value := range map[string]string{
		"a string":       `"org:a:b"`,
		"a number in it": `["org:a:b",1]`,
		"null":           `null`,
		"a null in it":   `["org:a:b",null]`,
		"an object":      `{"org:a:b":true}`,
	} {
		t.Run(name, func(t *testing.T) {
			got := claimsOf(t, members{"org_id": "org_1", "org_permissions": json.RawMessage(value)}).Organization.Permissions
			if len(got) != 0 {
				t.Errorf("expected no permissions, got %q", got)
			}
		})
	}
}

// Reading nonsense as [0, 0] would say "verified just now" and let anybody
// pass who must verify again.
func TestUnreadableFactorAgesFailClosed(t *testing.T) {
	for _, value := range []string{
		`null`, `[]`, `[1]`, `[1,2,3]`, `[null,null]`, `[0,null]`, `["1","2"]`, `"1,2"`, `{}`, `{"0":1,"1":2}`,
		`[1.5,2]`, `[1e400,0]`, `[-2,0]`, `[0,-9]`, `true`, `0`, `[[1],[2]]`, `[99999999999999999999,1]`,
	} {
		t.Run(value, func(t *testing.T) {
			if got := claimsOf(t, members{"fva": json.RawMessage(value)}).FactorAges; got != nil {
				t.Errorf("expected none, got %+v", got)
			}
		})
	}
	if got := claimsOf(t, nil).FactorAges; got != nil {
		t.Errorf("expected none without the claim, got %+v", got)
	}
}

func TestFactorAgesAreMinutesOrNever(t *testing.T) {
	for text, want := range map[string]verifier.FactorAges{
		`[0,0]`:       {First: 0, Second: 0},
		`[-1,-1]`:     {First: -1, Second: -1},
		`[ 12 , -1 ]`: {First: 12, Second: -1},
	} {
		got := claimsOf(t, members{"fva": json.RawMessage(text)}).FactorAges
		if got == nil || *got != want {
			t.Errorf("%s: expected %+v, got %+v", text, want, got)
		}
	}
}

func TestTheActorIsRead(t *testing.T) {
	got := claimsOf(t, members{"act": members{"sub": "user_2", "iss": "https://dashboard.example", "sid": "sess_2", "type": "agent"}}).Actor
	want := &verifier.Actor{Subject: "user_2", Issuer: "https://dashboard.example", SessionID: "sess_2", Type: "agent"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("expected %+v, got %+v", want, got)
	}
	// Somebody acts, though it is not said who: that must not vanish.
	if got := claimsOf(t, members{"act": members{"SUB": "user_2"}}).Actor; got == nil || got.Subject != "" {
		t.Errorf("expected an actor without a name, got %+v", got)
	}
	for _, value := range []string{`null`, `"user_2"`, `[]`} {
		if got := claimsOf(t, members{"act": json.RawMessage(value)}).Actor; got != nil {
			t.Errorf("%s: expected no actor, got %+v", value, got)
		}
	}
}

func TestAPendingSessionSaysSo(t *testing.T) {
	for status, want := range map[string]bool{"pending": true, "active": false, "": false, "PENDING": false} {
		if got := claimsOf(t, members{"sts": status}).Pending(); got != want {
			t.Errorf("%q: expected pending to be %t, got %t", status, want, got)
		}
	}
	if claimsOf(t, members{"sts": []string{"pending"}}).Pending() {
		t.Error("expected a list to be no status")
	}
}

func TestFeaturesWithoutScopeOrNameGrantNothing(t *testing.T) {
	for _, text := range []string{"dashboard", ":dashboard", "o:", ":", "", " , "} {
		claims := claimsOf(t, members{"v": 2, "fea": text, "pla": text, "o": members{"id": "org_1", "per": "read", "fpm": "1,1"}})
		for _, feature := range append(claims.Features, claims.Plans...) {
			if feature != (verifier.Scoped{}) {
				t.Errorf("%q: expected nothing usable, got %+v", text, feature)
			}
		}
		if got := claims.Organization.Permissions; len(got) != 0 {
			t.Errorf("%q: expected no permissions, got %q", text, got)
		}
	}
	if got := claimsOf(t, members{"fea": []string{"o:dashboard"}}).Features; got != nil {
		t.Errorf("expected a list to be no features, got %+v", got)
	}
}
