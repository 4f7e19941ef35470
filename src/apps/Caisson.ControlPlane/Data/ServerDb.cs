using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Caisson.ControlPlane.Data;

/// <summary>
/// All state of the server but blobs, keys and pictures. SQLite in WAL mode with synchronous=FULL: what SaveChanges has
/// returned from survives a power cut (see <see cref="SqliteDurability"/>).
/// </summary>
internal sealed class ServerDb(DbContextOptions<ServerDb> options) : DbContext(options)
{
    public DbSet<EnrolledEndpoint> Endpoints => Set<EnrolledEndpoint>();

    public DbSet<ReportedWorkspace> Workspaces => Set<ReportedWorkspace>();

    public DbSet<Evidence> Evidence => Set<Evidence>();

    public DbSet<EndpointGroup> Groups => Set<EndpointGroup>();

    public DbSet<GroupMember> GroupMembers => Set<GroupMember>();

    public DbSet<Assignment> Assignments => Set<Assignment>();

    public DbSet<IssuedOrder> Orders => Set<IssuedOrder>();

    public DbSet<MasterImage> Images => Set<MasterImage>();

    public DbSet<Generation> Generations => Set<Generation>();

    public DbSet<RepositoryBlob> RepositoryBlobs => Set<RepositoryBlob>();

    public DbSet<EnrolmentSecret> EnrolmentSecrets => Set<EnrolmentSecret>();

    public DbSet<ApiToken> ApiTokens => Set<ApiToken>();

    public DbSet<SignInLink> SignInLinks => Set<SignInLink>();

    public DbSet<ActivityEntry> Activity => Set<ActivityEntry>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        // SQLite keeps no time type: whole milliseconds since 1970, so that times sort and compare in SQL.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();
        configurationBuilder.Properties<Enum>().HaveConversion<string>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<EnrolledEndpoint>(e =>
        {
            e.HasKey(x => x.Id);
            e.HasIndex(x => x.HostName);
            e.OwnsOne(x => x.Host);
            e.HasMany(x => x.Workspaces).WithOne().HasForeignKey(x => x.EndpointId);
            e.HasMany(x => x.Memberships).WithOne().HasForeignKey(x => x.EndpointId);
        });
        modelBuilder.Entity<ReportedWorkspace>(e =>
        {
            e.HasKey(x => new { x.EndpointId, x.WorkspaceId });
            e.HasIndex(x => x.Health);
        });
        modelBuilder.Entity<Evidence>(e =>
        {
            e.HasKey(x => new { x.EndpointId, x.WorkspaceId, x.Id });
            e.HasOne<EnrolledEndpoint>().WithMany().HasForeignKey(x => x.EndpointId);
        });
        modelBuilder.Entity<Assignment>(e =>
        {
            e.Property(x => x.KeepGenerations).HasDefaultValue(Protocol.DesiredWorkspace.DefaultKeepGenerations).HasSentinel(-1);
            e.Property(x => x.AnswerWithinSeconds).HasDefaultValue(Protocol.DesiredWorkspace.DefaultAnswerWithinSeconds);
        });
        modelBuilder.Entity<GroupMember>().HasKey(x => new { x.GroupId, x.EndpointId });
        modelBuilder.Entity<EndpointGroup>(e =>
        {
            e.HasIndex(x => x.Name).IsUnique();
            e.HasMany(x => x.Members).WithOne(x => x.Group).HasForeignKey(x => x.GroupId);
            e.HasMany(x => x.Assignments).WithOne(x => x.Group).HasForeignKey(x => x.GroupId);
        });
        modelBuilder.Entity<Assignment>().HasIndex(x => new { x.GroupId, x.WorkspaceId }).IsUnique();
        modelBuilder.Entity<IssuedOrder>().HasIndex(x => new { x.EndpointId, x.ExpiresAt });
        modelBuilder.Entity<MasterImage>(e =>
        {
            e.HasIndex(x => x.Name).IsUnique();
            e.HasMany(x => x.Generations).WithOne(x => x.Image).HasForeignKey(x => x.ImageId);
        });
        modelBuilder.Entity<Generation>(e =>
        {
            e.HasIndex(x => new { x.ImageId, x.Number }).IsUnique();

            // A removed one only keeps its number from being given again.
            e.HasQueryFilter(x => x.State != GenerationState.Removed);
        });
        modelBuilder.Entity<RepositoryBlob>().HasKey(x => new { x.Repository, x.Digest });
        modelBuilder.Entity<EnrolmentSecret>().HasIndex(x => x.SecretHash).IsUnique();
        modelBuilder.Entity<ApiToken>().HasIndex(x => x.TokenHash).IsUnique();
        modelBuilder.Entity<SignInLink>().HasIndex(x => x.SecretHash).IsUnique();
        modelBuilder.Entity<ActivityEntry>(e =>
        {
            e.HasIndex(x => new { x.EndpointId, x.Id });
            e.HasIndex(x => x.At);
        });
    }

    private sealed class UnixMilliseconds() : ValueConverter<DateTimeOffset, long>(
        time => time.ToUnixTimeMilliseconds(),
        milliseconds => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
}
