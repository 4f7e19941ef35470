using System.Security.Cryptography;
using Caisson.Images;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Verbs;

/// <summary>What the machine, not the program, can do wrong at a verb: said in a sentence with its exit code, without a stack trace.</summary>
internal static class Faults
{
    // errno on Linux, as .NET puts it into IOException.HResult: ENOSPC and EDQUOT.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    // Result codes of sqlite3.h.
    private const int SqliteBusy = 5;
    private const int SqliteCorrupt = 11;
    private const int SqliteFull = 13;
    private const int SqliteNotADatabase = 26;

    /// <returns>Null: a fault of the program, whose stack trace is wanted.</returns>
    public static (int ExitCode, string Sentence)? Explain(Exception e) => e switch
    {
        VerbException verb => (verb.ExitCode, verb.Message),
        ImageStoreException { Error: ImageStoreError.Damaged } store => (ExitCode.Damaged, store.Message),
        ImageStoreException { Error: ImageStoreError.NoSpace } store => (ExitCode.NoSpace, store.Message),
        ImageStoreException store => (ExitCode.BadInput, store.Message),
        RequestRefused refused => (ExitCode.BadInput, refused.Message),
        DbUpdateException { InnerException: SqliteException inner } => Explain(inner),
        SqliteException { SqliteErrorCode: SqliteFull } or IOException { HResult: NoSpace or QuotaExceeded } =>
            (ExitCode.NoSpace, "The disk is full. Free space on it and try again."),
        SqliteException { SqliteErrorCode: SqliteCorrupt or SqliteNotADatabase } damaged => (ExitCode.Damaged, $"The database is damaged: {damaged.Message} Restore a backup."),
        SqliteException { SqliteErrorCode: SqliteBusy } => (ExitCode.Fault, "Another process holds the database. Try again when it has ended."),
        SqliteException other => (ExitCode.BadInput, $"The database cannot be used: {other.Message} Check who owns the data folder and its free space."),
        UnauthorizedAccessException denied => (ExitCode.BadInput, $"{denied.Message} Run this as the user who owns the data folder."),
        CryptographicException damaged => (ExitCode.Damaged, $"A key or certificate in the data folder cannot be read: {damaged.Message} Restore a backup."),
        IOException other => (ExitCode.BadInput, other.Message),
        _ => null,
    };
}
