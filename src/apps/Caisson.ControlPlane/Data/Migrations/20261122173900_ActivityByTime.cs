using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Caisson.ControlPlane.Data.Migrations
{
    /// <inheritdoc />
    public partial class ActivityByTime : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "IX_Activity_At",
                table: "Activity",
                column: "At");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Activity_At",
                table: "Activity");
        }
    }
}
