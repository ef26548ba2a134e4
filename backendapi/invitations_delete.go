// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"net/http"
)

// Delete deletes an invitation, of whatever status, with what Clerk keeps of its
// email. Revoke only makes it void.
//
//	DELETE /invitations/{invitation_id}
//
// Clerk's SDK uses it; the published description of the API lacks it.
func (s *InvitationsService) Delete(ctx context.Context, invitationID string) (*DeletedObject, error) {
	return call[DeletedObject](ctx, s.client, &operation{
		method: http.MethodDelete, path: "/invitations/{invitation_id}", ids: []string{invitationID},
	})
}
