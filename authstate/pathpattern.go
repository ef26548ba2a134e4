// SPDX-License-Identifier: Apache-2.0

package authstate

type organizationTarget struct {
	id, slug string
	personal bool
}
type organizationSync struct{}

func newOrganizationSync(_, _ []string) (*organizationSync, error) { return nil, nil }
func (s *organizationSync) target(string) (organizationTarget, bool) {
	return organizationTarget{}, false
}
