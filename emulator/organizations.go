// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// resource is what the Backend API says of the organization.
func (o *organization) resource() map[string]any {
	return map[string]any{
		"object": "organization", "id": o.ID, "name": o.Name, "slug": o.Slug, "has_image": false, "max_allowed_memberships": 0,
		"admin_delete_enabled": false, "public_metadata": emptyObject, "private_metadata": emptyObject,
		"created_at": founded, "updated_at": founded,
	}
}

// membership is what the Backend API says of a person in the organization.
func (o *organization) membership(p person) map[string]any {
	first, last, _ := strings.Cut(p.Name, " ")
	return map[string]any{
		"object": "organization_membership", "id": "orgmem_" + p.Key, "role": "org:" + p.Role, "permissions": []string{},
		"organization": o.resource(), "public_metadata": emptyObject, "private_metadata": emptyObject,
		"public_user_data": map[string]any{
			"user_id": p.ID, "identifier": p.Email, "first_name": first, "last_name": last, "image_url": "", "has_image": false,
		},
		"created_at": founded, "updated_at": founded,
	}
}

// getOrganization takes its id or its slug.
func (e *Emulator) getOrganization(w http.ResponseWriter, r *http.Request) {
	if id := r.PathValue("id"); id != acme.ID && id != acme.Slug {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", "the only organization is "+acme.ID)
		return
	}
	writeJSON(w, http.StatusOK, acme.resource())
}

func (e *Emulator) listOrganizations(w http.ResponseWriter, r *http.Request) {
	writeList(w, r, []any{acme.resource()})
}

func (e *Emulator) listMembers(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("id") != acme.ID {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", "the only organization is "+acme.ID)
		return
	}
	writeList(w, r, e.memberships(func(person) bool { return true }))
}

func (e *Emulator) listMemberships(w http.ResponseWriter, r *http.Request) {
	user, found := e.people.byID(r.PathValue("id"))
	if !found {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", "no user that the emulator begins with has this id")
		return
	}
	writeList(w, r, e.memberships(func(p person) bool { return p.ID == user.ID }))
}

// memberships are those of the people who are asked for.
func (e *Emulator) memberships(isAsked func(person) bool) []any {
	list := []any{}
	for _, p := range e.people.known {
		if p.Role != "" && isAsked(p) {
			list = append(list, acme.membership(p))
		}
	}
	return list
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
