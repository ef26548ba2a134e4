// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"fmt"
	"strings"
)

// maxPathPatterns bounds each list of patterns. Those of an application are a
// handful.
const maxPathPatterns = 64

// organizationSync tells from a path which organization a page is about, as
// Clerk's organizationSyncOptions do
// (https://clerk.com/docs/guides/organizations/org-slugs-in-urls).
// The patterns of a list are alternatives, of which the first that matches
// counts.
type organizationSync struct{ organization, personal []*pathPattern }

// organizationTarget is an organization, by its id or else its slug, or a
// person's own account.
type organizationTarget struct {
	id, slug string
	personal bool
}

// newOrganizationSync reads at most 64 patterns of each kind; those of
// organizations need an :id or a :slug. It gives nil when there are none: the
// reference takes an empty list for a pattern that matches every path, so that
// no page would keep its organization.
func newOrganizationSync(organization, personal []string) (*organizationSync, error) {
	if len(organization)+len(personal) == 0 {
		return nil, nil
	}
	var s organizationSync
	var err error
	if s.organization, err = parsePathPatterns(organization); err != nil {
		return nil, fmt.Errorf("organization: %w", err)
	}
	for _, pattern := range s.organization {
		if !pattern.has("id", "slug") {
			return nil, fmt.Errorf("organization: expected a parameter :id or :slug in each pattern, got %.64q", pattern.text)
		}
	}
	if s.personal, err = parsePathPatterns(personal); err != nil {
		return nil, fmt.Errorf("personal_account: %w", err)
	}
	return &s, nil
}

func parsePathPatterns(texts []string) ([]*pathPattern, error) {
	if len(texts) > maxPathPatterns {
		return nil, fmt.Errorf("expected at most %d patterns, got %d", maxPathPatterns, len(texts))
	}
	var patterns []*pathPattern
	for _, text := range texts {
		if text != "" && !strings.ContainsAny(text[:1], "/:({") {
			return nil, fmt.Errorf("expected a slash at the beginning of each pattern, as paths have it, got %.64q", text)
		}
		pattern, err := parsePathPattern(text)
		if err != nil {
			return nil, err
		}
		patterns = append(patterns, pattern)
	}
	return patterns, nil
}

// target gives what a path is about, if a pattern tells: the path of a URL as
// a browser writes it, percent-encoded and without a query.
func (s *organizationSync) target(path string) (organizationTarget, bool) {
	if s == nil {
		return organizationTarget{}, false
	}
	if params, ok := firstMatch(s.organization, path); ok {
		if params["id"] != "" {
			return organizationTarget{id: params["id"]}, true
		}
		if params["slug"] != "" {
			return organizationTarget{slug: params["slug"]}, true
		}
	}
	_, ok := firstMatch(s.personal, path)
	return organizationTarget{personal: ok}, ok
}

func firstMatch(patterns []*pathPattern, path string) (params map[string]string, ok bool) {
	for _, pattern := range patterns {
		if params, ok := pattern.match(path); ok {
			return params, true
		}
	}
	return nil, false
}
