// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"slices"
	"strings"
	"testing"
)

func TestAPathTellsAnOrganizationAsTheReferenceFindsIt(t *testing.T) {
	usual := []string{"/orgs/:slug", "/orgs/:slug/(.*)"}
	for _, test := range []struct {
		organization, personal []string
		path                   string
		want                   organizationTarget
	}{
		{usual, nil, "/orgs/acme", organizationTarget{slug: "acme"}},
		{usual, nil, "/orgs/acme/a/b", organizationTarget{slug: "acme"}},
		{usual, nil, "/orgs/a%20b/", organizationTarget{slug: "a%20b"}},
		{usual, nil, "/elsewhere", organizationTarget{}},
		{usual, nil, "/me", organizationTarget{}},
		{usual, []string{"/me", "/me/(.*)"}, "/me/x", organizationTarget{personal: true}},
		{nil, []string{"/me"}, "/ME/", organizationTarget{personal: true}},
		{nil, []string{"/me"}, "/orgs/acme", organizationTarget{}},

		// Organizations come first, an id before a slug.
		{usual, []string{"/(.*)"}, "/orgs/acme", organizationTarget{slug: "acme"}},
		{usual, []string{"/(.*)"}, "/orgs", organizationTarget{personal: true}},
		{[]string{"/:slug/:id"}, nil, "/acme/org_1", organizationTarget{id: "org_1"}},

		// Of alternatives the first that matches counts, with its own parameters.
		{[]string{"/:id", "/:slug"}, nil, "/acme", organizationTarget{id: "acme"}},
		{[]string{"/:slug", "/:id"}, nil, "/acme", organizationTarget{slug: "acme"}},
		{[]string{"/a/:slug", "/b/:slug"}, nil, "/b/x", organizationTarget{slug: "x"}},
		{[]string{"/a/:id?", "/:slug"}, nil, "/a", organizationTarget{}},

		// Nothing where the parameter is missing or empty.
		{[]string{"/orgs/:slug?"}, nil, "/orgs", organizationTarget{}},
		{[]string{"/orgs/:slug(.*)"}, []string{"/orgs/"}, "/orgs/", organizationTarget{personal: true}},
		{[]string{"/orgs/:id(.*)/:slug"}, nil, "/orgs//acme", organizationTarget{slug: "acme"}},
		{[]string{"/orgs/:id(a)/:id(.*)"}, nil, "/orgs/a/", organizationTarget{}},

		// To the reference, this empty list matches every path.
		{usual, []string{}, "/", organizationTarget{}},
	} {
		s, err := newOrganizationSync(test.organization, test.personal)
		if err != nil {
			t.Errorf("%q, %q: %v", test.organization, test.personal, err)
			continue
		}
		got, ok := s.target(test.path)
		if got != test.want || ok != (test.want != organizationTarget{}) {
			t.Errorf("%q, %q with %q: %v %+v, want %+v", test.organization, test.personal, test.path, ok, got, test.want)
		}
	}
}

func TestWithoutPatternsNoPathTellsAnOrganization(t *testing.T) {
	s, err := newOrganizationSync([]string{}, []string{})
	if s != nil || err != nil {
		t.Fatalf("%v, %v", s, err)
	}
	if target, ok := s.target("/orgs/acme"); ok || target != (organizationTarget{}) {
		t.Errorf("%+v", target)
	}
}

func TestOrganizationSyncNamesThePatternAtFault(t *testing.T) {
	many := slices.Repeat([]string{"/:slug"}, maxPathPatterns+1)
	for _, test := range []struct {
		organization, personal []string
		want                   string
	}{
		{[]string{"/orgs/:org"}, nil, `organization: expected a parameter :id or :slug in each pattern, got "/orgs/:org"`},
		{[]string{"/:id", "/(.*)"}, nil, `organization: expected a parameter :id or :slug in each pattern, got "/(.*)"`},
		{[]string{"/:ID"}, nil, "organization: expected a parameter :id or :slug"},
		{[]string{"/:id*/:slug**"}, nil, `organization: path pattern "/:id*/:slug**": at 12: `},
		{[]string{"/:id"}, []string{"/me*"}, `personal_account: path pattern "/me*": at 3: `},
		{many, nil, "organization: expected at most 64 patterns, got 65"},
		{nil, many, "personal_account: expected at most 64 patterns, got 65"},
	} {
		s, err := newOrganizationSync(test.organization, test.personal)
		if s != nil || err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%.2q, %.2q: %v, want %q", test.organization, test.personal, err, test.want)
		}
	}
}
