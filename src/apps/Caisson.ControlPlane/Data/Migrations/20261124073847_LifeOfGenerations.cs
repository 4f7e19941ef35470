using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Caisson.ControlPlane.Data.Migrations
{
    /// <inheritdoc />
    public partial class LifeOfGenerations : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "CommittedGeneration",
                table: "Workspaces",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Failure",
                table: "Workspaces",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Health",
                table: "Workspaces",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "KeptGenerations",
                table: "Workspaces",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<int>(
                name: "RefusedGeneration",
                table: "Workspaces",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "UpdateBy",
                table: "Workspaces",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "UpdateWaitsSince",
                table: "Workspaces",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "AnswerWithinSeconds",
                table: "Assignments",
                type: "INTEGER",
                nullable: false,
                defaultValue: 600);

            migrationBuilder.AddColumn<int>(
                name: "HeldAt",
                table: "Assignments",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "KeepGenerations",
                table: "Assignments",
                type: "INTEGER",
                nullable: false,
                defaultValue: 2);

            migrationBuilder.AddColumn<int>(
                name: "UpdateWithinHours",
                table: "Assignments",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "Evidence",
                columns: table => new
                {
                    EndpointId = table.Column<string>(type: "TEXT", nullable: false),
                    WorkspaceId = table.Column<string>(type: "TEXT", nullable: false),
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    Generation = table.Column<int>(type: "INTEGER", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false),
                    Failure = table.Column<string>(type: "TEXT", nullable: true),
                    Text = table.Column<string>(type: "TEXT", nullable: false),
                    ReceivedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    HasScreen = table.Column<bool>(type: "INTEGER", nullable: false),
                    HasSerial = table.Column<bool>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Evidence", x => new { x.EndpointId, x.WorkspaceId, x.Id });
                    table.ForeignKey(
                        name: "FK_Evidence_Endpoints_EndpointId",
                        column: x => x.EndpointId,
                        principalTable: "Endpoints",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Workspaces_Health",
                table: "Workspaces",
                column: "Health");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Evidence");

            migrationBuilder.DropIndex(
                name: "IX_Workspaces_Health",
                table: "Workspaces");

            migrationBuilder.DropColumn(
                name: "CommittedGeneration",
                table: "Workspaces");

            migrationBuilder.DropColumn(
                name: "Failure",
                table: "Workspaces");

            migrationBuilder.DropColumn(
                name: "Health",
                table: "Workspaces");

            migrationBuilder.DropColumn(
                name: "KeptGenerations",
                table: "Workspaces");

            migrationBuilder.DropColumn(
                name: "RefusedGeneration",
                table: "Workspaces");

            migrationBuilder.DropColumn(
                name: "UpdateBy",
                table: "Workspaces");

            migrationBuilder.DropColumn(
                name: "UpdateWaitsSince",
                table: "Workspaces");

            migrationBuilder.DropColumn(
                name: "AnswerWithinSeconds",
                table: "Assignments");

            migrationBuilder.DropColumn(
                name: "HeldAt",
                table: "Assignments");

            migrationBuilder.DropColumn(
                name: "KeepGenerations",
                table: "Assignments");

            migrationBuilder.DropColumn(
                name: "UpdateWithinHours",
                table: "Assignments");
        }
    }
}
