using Microsoft.EntityFrameworkCore.Design;

namespace Caisson.ControlPlane.Data;

/// <summary>Only for <c>dotnet ef migrations add</c>, which needs a context but no database.</summary>
internal sealed class ServerDbDesign : IDesignTimeDbContextFactory<ServerDb>
{
    public ServerDb CreateDbContext(string[] args) => SqliteDurability.Open("design-time.db");
}
