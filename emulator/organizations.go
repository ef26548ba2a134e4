// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// organization is one that the emulated instance has.
type organization struct{ ID, Slug, Name string }

var (
	acme   = organization{ID: "org_acme", Slug: "acme", Name: "Acme"}
	globex = organization{ID: "org_globex", Slug: "globex", Name: "Globex"}

	organizations = []organization{acme, globex}
)

// Features and actions span the permissions, which are the same in every
// organization. A role holds one mask for each feature, whose bits count the
// actions from the lowest.
var (
	features = []string{"dashboard", "teams"}
	actions  = []string{"manage", "read"}
	masks    = map[string][]int{"admin": {3, 3}, "member": {2, 2}}
)

// permissionsOf lists what a role may.
func permissionsOf(role string) []string {
	list := []string{}
	for i, mask := range masks[role] {
		for j, action := range actions {
			if mask&(1<<j) != 0 {
				list = append(list, "org:"+features[i]+":"+action)
			}
		}
	}
	return list
}

// organizationOf takes an id or a slug.
func organizationOf(name string) (organization, bool) {
	i := slices.IndexFunc(organizations, func(o organization) bool { return o.ID == name || o.Slug == name })
	if i < 0 {
		return organization{}, false
	}
	return organizations[i], true
}

// resource is what Clerk's APIs say of the organization.
func (o organization) resource() map[string]any {
	return map[string]any{
		"object": "organization", "id": o.ID, "name": o.Name, "slug": o.Slug, "has_image": false, "max_allowed_memberships": 0,
		"admin_delete_enabled": false, "public_metadata": emptyObject, "private_metadata": emptyObject,
		"created_at": founded, "updated_at": founded,
	}
}

// membership is what Clerk's APIs say of a person in the organization.
func (o organization) membership(p person) map[string]any {
	role := p.Roles[o.ID]
	return map[string]any{
		"object": "organization_membership", "id": "orgmem_" + o.Slug + "_" + p.Key, "role": "org:" + role, "permissions": permissionsOf(role),
		"organization": o.resource(), "public_metadata": emptyObject, "private_metadata": emptyObject,
		"public_user_data": p.publicData(), "created_at": founded, "updated_at": founded,
	}
}

// memberships are those of a person, in the order of the organizations.
func (p person) memberships() []any {
	list := []any{}
	for _, o := range organizations {
		if p.Roles[o.ID] != "" {
			list = append(list, o.membership(p))
		}
	}
	return list
}

const noOrganization = "no organization has this id"

// getOrganization takes its id or its slug.
func (e *Emulator) getOrganization(w http.ResponseWriter, r *http.Request) {
	o, found := organizationOf(r.PathValue("id"))
	if !found {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", noOrganization)
		return
	}
	writeJSON(w, http.StatusOK, o.resource())
}

func (e *Emulator) listOrganizations(w http.ResponseWriter, r *http.Request) {
	list := make([]any, 0, len(organizations))
	for _, o := range organizations {
		list = append(list, o.resource())
	}
	writeList(w, r, list)
}

func (e *Emulator) listMembers(w http.ResponseWriter, r *http.Request) {
	o, found := organizationOf(r.PathValue("id"))
	if !found || o.ID != r.PathValue("id") {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", noOrganization)
		return
	}
	list := []any{}
	for _, p := range e.people.known {
		if p.Roles[o.ID] != "" {
			list = append(list, o.membership(p))
		}
	}
	writeList(w, r, list)
}

func (e *Emulator) listMemberships(w http.ResponseWriter, r *http.Request) {
	user, found := e.people.byID(r.PathValue("id"))
	if !found {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", "no user that the emulator begins with has this id")
		return
	}
	writeList(w, r, user.memberships())
}

// writeList answers with the part of a list that is asked for, and how long it
// is.
func writeList(w http.ResponseWriter, r *http.Request, list []any) {
	query, err := readQuery(r)
	if err != nil {
		writeAPIError(w, http.StatusBadRequest, "request_invalid", err.Error())
		return
	}
	part, err := pageOf(list, query)
	if err != nil {
		writeAPIError(w, http.StatusUnprocessableEntity, "form_param_value_invalid", err.Error())
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"data": part, "total_count": len(list)})
}

// What a page has when it is not said, and at most.
const (
	defaultLimit = 10
	maxLimit     = 500
)

// pageOf gives the part of a list that limit and offset say.
func pageOf(list []any, query url.Values) ([]any, error) {
	limit, offset := defaultLimit, 0
	var err error
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxLimit {
			return nil, fmt.Errorf("limit: expected a number from 1 to %d", maxLimit)
		}
	}
	if text := query.Get("offset"); text != "" {
		if offset, err = strconv.Atoi(text); err != nil || offset < 0 {
			return nil, fmt.Errorf("offset: expected a number from 0 on")
		}
	}
	rest := list[min(offset, len(list)):]
	return slices.Clip(rest[:min(limit, len(rest))]), nil
}
