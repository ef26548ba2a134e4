// SPDX-License-Identifier: Apache-2.0

//go:generate go run ./internal/generate -description $CLERK_BAPI_DESCRIPTION

// Package backendapi speaks to Clerk's Backend API
// (https://clerk.com/docs/reference/backend-api): all of its operations, with
// types.
//
// A [Client] is made once for a secret key and is safe for concurrent use. Its
// resources are its fields, listed in [Resources], and each of their methods is
// one operation of the API:
//
//	client, err := backendapi.New(backendapi.Options{SecretKey: os.Getenv("CLERK_SECRET_KEY")})
//	if err != nil {
//		return err
//	}
//	user, err := client.Users.Get(ctx, "user_…")
//
// # Absent, null and zero
//
// What a request may leave out, or an answer, is an [Optional]. An update
// changes what is set, takes away what is null, and leaves the rest as it is:
//
//	user, err := client.Users.Update(ctx, "user_…", backendapi.UpdateUserParams{
//		FirstName: backendapi.Some("Ada"),
//		LastName:  backendapi.Null[string](),
//	})
//	fmt.Println(user.FirstName.Or("somebody"))
//
// Lists and maps need no Optional: nil is absent, and one without elements is
// sent as that. Where an answer has a moment it is a [Time], which is a
// [time.Time]. Enumerations are strings, and keep values that this package does
// not know.
//
// # Lists
//
// A method that begins with List gives a [Page]; the one that begins with All
// walks the pages, from the params' Offset on, and asks for one after the other:
//
//	for user, err := range client.Users.All(ctx, backendapi.ListUsersParams{Query: backendapi.Some("ada")}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(user.ID)
//	}
//
// # Metadata
//
// Metadata is JSON, to be made with [Metadata] and read with [DecodeMetadata].
// UpdateMetadata merges it with what there is, member by member, and takes away
// what is null; ReplaceMetadata puts it in the place of what there is.
//
//	public, err := backendapi.Metadata(profile{Plan: "gold"})
//	user, err := client.Users.UpdateMetadata(ctx, "user_…", backendapi.UpdateUserMetadataParams{PublicMetadata: public})
//	got, err := backendapi.DecodeMetadata[profile](user.PublicMetadata)
//
// # Errors
//
// An answer of the API that is no success is an [*Error], which has Clerk's
// codes. errors.Is finds [ErrNotFound], [ErrUnauthorized] and [ErrRateLimited]
// in it, and [ErrUnreachable] and [ErrNotJSON] in what else can go wrong:
//
//	user, err := client.Users.Get(ctx, id)
//	switch answer, ok := errors.AsType[*backendapi.Error](err); {
//	case errors.Is(err, backendapi.ErrNotFound):
//		// There is no such user.
//	case ok:
//		log.Print(answer.StatusCode, answer.Details, answer.TraceID)
//	}
//
// An ID that would lead to another path, since / or \ or % is in it, is refused
// before anything is sent. No error contains a secret key, or a token that was
// sent.
//
// # Retries and limits
//
// A GET, PUT or DELETE is made again when Clerk fails, as [Options].Retry has it,
// with what Retry-After asks for, and never past the end of the context. The
// requests of a key wait for each other, so that they keep to Clerk's limits.
//
// # Where it comes from
//
// Most of the code is generated from Clerk's own description of the API, of the
// version [DefaultVersionDate].
package backendapi
