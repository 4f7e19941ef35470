using Caisson.ControlPlane.Data;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.SignIn;

/// <summary>One-time links into the console, good for 15 minutes. Whoever can write the data folder may make one; that is the proof of being the administrator.</summary>
internal static class SignInLinks
{
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(15);

    public static async Task<Uri> CreateAsync(ServerDb db, TimeProvider time, Uri server, CancellationToken cancellationToken)
    {
        var secret = Secrets.New();
        var now = time.GetUtcNow();
        await db.SignInLinks.Where(l => l.ExpiresAt < now).ExecuteDeleteAsync(cancellationToken);
        db.SignInLinks.Add(new SignInLink { SecretHash = Secrets.Hash(secret), ExpiresAt = now + Life });
        await db.SaveChangesAsync(cancellationToken);
        return new Uri(server, "/sign-in?token=" + secret);
    }

    /// <summary>True for exactly one caller, in time.</summary>
    public static async Task<bool> RedeemAsync(ServerDb db, TimeProvider time, string secret, CancellationToken cancellationToken)
    {
        var hash = Secrets.Hash(secret);
        var now = time.GetUtcNow();
        return await db.SignInLinks
            .Where(l => l.SecretHash == hash && l.UsedAt == null && l.ExpiresAt > now)
            .ExecuteUpdateAsync(set => set.SetProperty(l => l.UsedAt, now), cancellationToken) == 1;
    }
}
